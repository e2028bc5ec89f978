import { once } from "node:events";
import { request } from "node:http";
import { expect, test } from "vitest";
import { z } from "zod";
import { route } from "../src/index.ts";
import { startSample } from "./support/sample-server.ts";

/** A route whose handler tells when it has begun, and waits for its caller to leave. */
function patient() {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<unknown>();
  const routes = [
    route({
      method: "GET",
      path: "/patient",
      permission: "read",
      tag: "test",
      summary: "Waits",
      responses: { 200: { description: "It.", schema: z.object({ aborted: z.boolean() }) } },
      handler: async (_, { signal }) => {
        begun.resolve();
        if (!signal.aborted) await once(signal, "abort");
        ended.resolve(signal.reason);
        signal.throwIfAborted();
        return { status: 200, body: { aborted: false } };
      },
    }),
    route({
      method: "GET",
      path: "/quick",
      permission: "read",
      tag: "test",
      summary: "Answers",
      responses: { 200: { description: "It.", schema: z.object({ aborted: z.boolean() }) } },
      handler: (_, { signal }) => ({ status: 200, body: { aborted: signal.aborted } }),
    }),
  ];
  return { routes, begun: begun.promise, ended: ended.promise };
}

test("a handler is told when its caller has left, and nobody takes that for a fault", async () => {
  const { routes, begun, ended } = patient();
  await using sample = await startSample(routes);
  const authorization = `Bearer ${sample.token()}`;
  const leaving = request(`${sample.url}/patient`, { headers: { authorization } });
  leaving.on("error", () => undefined);
  leaving.end();
  await begun;
  leaving.destroy();
  expect(await ended).toMatchObject({ name: "CallerLeft" });
  const [logged] = await sample.logged("request");
  expect(logged).toMatchObject({ status: 499 });
  expect(logged).not.toHaveProperty("problem");
});

test("a caller who waits for the answer has not left", async () => {
  await using sample = await startSample(patient().routes);
  const headers = { authorization: `Bearer ${sample.token()}` };
  const response = await fetch(`${sample.url}/quick`, { headers });
  expect(await response.json()).toEqual({ aborted: false });
});
