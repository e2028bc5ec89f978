import { type AddressInfo, createServer } from "node:net";
import { createLogger } from "@taem/runtime";
import { expect, test } from "vitest";
import { kafkaCluster } from "../src/index.ts";

const logger = createLogger({ service: "test", level: "silent" });

test("no broker is connected to in clear before whoever made the cluster has been asked", async () => {
  let connections = 0;
  const broker = createServer((socket) => {
    connections++;
    socket.destroy();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => broker.once("listening", resolve));
  const { port } = broker.address() as AddressInfo;
  const asked = new Set<string>();
  const connect = async (guard: (host: string) => void) => {
    const brokers = [`127.0.0.1:${port}`];
    const admin = kafkaCluster({ brokers, clientId: "test", guard, logger }).admin({ retry: { retries: 0 } });
    await admin.connect().finally(() => admin.disconnect());
  };
  await expect(
    connect((host) => {
      asked.add(host);
      throw new Error("not there");
    }),
  ).rejects.toThrow("not there");
  expect([[...asked], connections]).toEqual([["127.0.0.1"], 0]);
  await expect(connect(() => {})).rejects.toThrow();
  expect(connections).toBeGreaterThan(0);
  broker.close();
});
