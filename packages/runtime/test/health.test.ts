import { describe, expect, it } from "vitest";
import { createHealth } from "../src/index.ts";

describe("health", () => {
  it("is ok without checks and names each check that there is", async () => {
    const health = createHealth();
    expect(await health.ready()).toEqual({ ok: true, checks: {}, reasons: {} });
    health.addReadiness("database", () => undefined);
    expect(await health.ready()).toMatchObject({ ok: true, checks: { database: "ok" } });
    expect(await health.live()).toMatchObject({ ok: true, checks: {} });
  });

  it("fails by the checks that throw, reject or do not answer, and keeps the reasons", async () => {
    const health = createHealth({ checkLimitMs: 5 });
    health.addLiveness("good", () => undefined);
    health.addLiveness("throws", () => {
      throw new Error("thrown");
    });
    health.addLiveness("rejects", () => Promise.reject(new Error("rejected")));
    health.addLiveness("silent", () => new Promise(() => undefined));
    const report = await health.live();
    expect(report.ok).toBe(false);
    expect(report.checks).toEqual({ good: "ok", throws: "failed", rejects: "failed", silent: "failed" });
    expect(report.reasons).toMatchObject({ throws: { message: "thrown" }, rejects: { message: "rejected" } });
    expect(String(report.reasons["silent"])).toContain("no answer");
  });

  it("is not ready once draining, and still alive", async () => {
    const health = createHealth();
    health.drain();
    expect((await health.ready()).ok).toBe(false);
    expect((await health.live()).ok).toBe(true);
  });

  it("refuses a second check of the same name", () => {
    const health = createHealth();
    health.addReadiness("database", () => undefined);
    expect(() => health.addReadiness("database", () => undefined)).toThrow("choose another name");
  });
});
