import { expect, test } from "vitest";
import { startSample } from "./support/sample-server.ts";

// Whether the process works, and what it measures, for those who run it.

test("many who ask at once whether it is ready have it asked less often", async () => {
  await using sample = await startSample([]);
  let asked = 0;
  sample.health.addReadiness("database", async () => {
    asked += 1;
    await new Promise((resolve) => setImmediate(resolve));
  });
  const answers = await Promise.all(Array.from({ length: 100 }, () => fetch(`${sample.url}/health/ready`)));
  expect(answers.every(({ ok }) => ok)).toBe(true);
  expect(asked).toBeLessThan(50);
});

test("many who ask at once what it measures have it put together less often, at an address of its own", async () => {
  await using sample = await startSample([]);
  let asked = 0;
  sample.metrics.include(async () => {
    asked += 1;
    return [];
  });
  const url = await sample.monitor();
  const answers = await Promise.all(Array.from({ length: 60 }, () => fetch(`${url}/metrics`)));
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  expect(texts.every((text) => text.includes("process_cpu_seconds_total"))).toBe(true);
  expect(asked).toBeLessThan(30);
  expect((await fetch(`${sample.url}/metrics`)).status).toBe(404);
});

test("the monitor says whether it works, and nothing of the API", async () => {
  await using sample = await startSample([]);
  const url = await sample.monitor();
  for (const path of ["/health/live", "/health/ready"]) expect((await fetch(url + path)).status).toBe(200);
  for (const path of ["/openapi.json", "/docs", "/v1/programmes"])
    expect((await fetch(url + path)).status).toBe(404);
});
