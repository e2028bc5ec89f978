import { register } from "prom-client";
import { describe, expect, it } from "vitest";
import { createMetrics } from "../src/index.ts";

describe("metrics", () => {
  it("are exposed in Prometheus' format with their labels", async () => {
    const metrics = createMetrics();
    metrics
      .counter({ name: "taem_requests_total", help: "Requests.", labels: ["route"] })
      .add({ route: "/x" }, 2);
    metrics.gauge({ name: "taem_lag", help: "Lag." }).set({}, 7);
    metrics
      .histogram({ name: "taem_seconds", help: "Time.", labels: ["route"], buckets: [1] })
      .observe({ route: "/x" }, 0.5);
    const text = await metrics.exposition();
    expect(text).toContain('taem_requests_total{route="/x"} 2');
    expect(text).toContain("taem_lag 7");
    expect(text).toContain('taem_seconds_bucket{le="1",route="/x"} 1');
    expect(text).toContain("process_resident_memory_bytes");
    expect(metrics.contentType).toContain("text/plain");
  });

  it("with the same name are one metric, so that services of one process share it", async () => {
    const metrics = createMetrics();
    const options = { name: "taem_shared_total", help: "Shared." };
    metrics.counter(options).add({});
    metrics.counter(options).add({});
    expect(await metrics.exposition()).toContain("taem_shared_total 2");
  });

  it("with the same name and another type are refused", () => {
    const metrics = createMetrics();
    metrics.counter({ name: "taem_thing", help: "A counter." });
    expect(() => metrics.gauge({ name: "taem_thing", help: "A gauge." })).toThrow("choose another name");
  });

  it("of one registry are unknown to another and to the global one", async () => {
    createMetrics().counter({ name: "taem_mine_total", help: "Mine." }).add({});
    expect(await createMetrics().exposition()).not.toContain("taem_mine_total");
    expect(await register.getMetricsAsJSON()).toEqual([]);
  });
});
