import { expect, test } from "vitest";
import { startSample } from "./support/sample-server.ts";

// Whether the process works, and what it measures, for those who run it.

test("many who ask at once whether it is ready have it asked a few times", async () => {
  await using sample = await startSample([]);
  let asked = 0;
  sample.health.addReadiness("database", async () => {
    asked += 1;
    await new Promise((resolve) => setImmediate(resolve));
  });
  const answers = await Promise.all(Array.from({ length: 100 }, () => fetch(`${sample.url}/health/ready`)));
  expect(answers.every(({ ok }) => ok)).toBe(true);
  expect(asked).toBeLessThan(10);
});

test("many who ask at once what it measures have it put together a few times, at an address of its own", async () => {
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
  expect(asked).toBeLessThan(10);
  expect((await fetch(`${sample.url}/metrics`)).status).toBe(404);
});

test("the monitor says whether it works, and nothing of the API", async () => {
  await using sample = await startSample([]);
  const url = await sample.monitor();
  for (const path of ["/health/live", "/health/ready"]) expect((await fetch(url + path)).status).toBe(200);
  for (const path of ["/openapi.json", "/docs", "/v1/programmes"])
    expect((await fetch(url + path)).status).toBe(404);
});
