import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { ownKafka, sharedKafka } from "@taem/testing/kafka/kafka";
import { describeWith } from "@taem/testing/requirement";
import { expect, test } from "vitest";
import { answers } from "../../infra/kafka/api-versions.ts";
import { endOrphan } from "../../infra/kafka/broker.ts";
import { freePort } from "../../infra/kafka/free-port.ts";

describeWith("a broker of one's own", "kafka", await ownKafka(), (kafka) => {
  const clusterOf = async (dataDir: string) =>
    /^cluster\.id=(.+)$/m.exec(await readFile(join(dataDir, "data/meta.properties"), "utf8"))?.[1];

  test("comes back after a kill on the same data and port, and as another cluster when its data was wiped", async () => {
    const dataDir = await kafka.makeDataDir();
    const killed = await kafka.start({ dataDir });
    const cluster = await clusterOf(dataDir);
    await killed.kill();
    expect(await answers(killed.brokers)).toBe(false);

    const restarted = await kafka.start({ dataDir, port: killed.port });
    expect(restarted.brokers).toBe(killed.brokers);
    expect(restarted.pid).not.toBe(killed.pid);
    expect(await answers(restarted.brokers)).toBe(true);
    expect(await clusterOf(dataDir)).toBe(cluster);
    await restarted.stop();

    await rm(dataDir, { recursive: true });
    await using empty = await kafka.start({ dataDir, port: killed.port });
    expect(await answers(empty.brokers)).toBe(true);
    expect(await clusterOf(dataDir)).not.toBe(cluster);
  });

  test("is silent while it is held, listens below the ports of outgoing sockets, and stops even when held", async () => {
    await using broker = await kafka.start({ dataDir: await kafka.makeDataDir() });
    expect(broker.port).toBeLessThan(32_768);
    broker.pause();
    // A process of many threads is not held at once.
    await expect.poll(() => answers(broker.brokers), { timeout: 10_000 }).toBe(false);
    broker.resume();
    expect(await answers(broker.brokers, 10_000)).toBe(true);
    broker.pause();
    await broker.stop();
    expect(await answers(broker.brokers)).toBe(false);
  });

  test("is ended by its folder when nobody holds it any more", async () => {
    const dataDir = await kafka.makeDataDir();
    const broker = await kafka.start({ dataDir });
    await endOrphan(dataDir);
    expect(await answers(broker.brokers)).toBe(false);
    await broker.stop();
  });

  test("says why it does not start", async () => {
    const port = await freePort();
    const taken = createServer().listen(port, "127.0.0.1");
    await once(taken, "listening");
    await expect(kafka.start({ dataDir: await kafka.makeDataDir(), port })).rejects.toThrow(
      /Kafka did not start in .+Address already in use/s,
    );
    taken.close();
  });
});

describeWith("the broker of the run", "kafka", await sharedKafka(), ({ brokers }) => {
  test("answers, and is the same for all", async () => {
    expect(await answers(brokers.split(",")[0]!)).toBe(true);
    expect(await sharedKafka()).toEqual({ found: { brokers } });
  });
});
