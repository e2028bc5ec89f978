import { describe, expect, test } from "vitest";
import { type Fault, faultSchedule } from "./fault-schedule.ts";

const roles = ["one", "two", "three"];
const options = {
  ...{ seed: 7, roles, durationMs: 60_000, kills: 10 },
  stopMs: [1_000, 4_000] as [number, number],
};

const count = (faults: readonly Fault[], role: string, kind: Fault["fault"]) =>
  faults.filter((fault) => fault.role === role && fault.fault === kind).length;

describe("a fault schedule", () => {
  test("is the same for the same seed, and another for another", () => {
    expect(faultSchedule(options)).toEqual(faultSchedule(options));
    expect(faultSchedule({ ...options, seed: 8 })).not.toEqual(faultSchedule(options));
  });

  test("kills as often as asked, every role at least once, and stops every role", () => {
    const faults = faultSchedule(options);
    expect(faults.filter(({ fault }) => fault === "kill")).toHaveLength(10);
    for (const role of roles) {
      expect(count(faults, role, "kill")).toBeGreaterThanOrEqual(1);
      expect(count(faults, role, "stop")).toBe(1);
    }
    expect(() => faultSchedule({ ...options, kills: 2 })).toThrow("3 roles need as many kills");
  });

  test("lets a role come back before its next fault", () => {
    for (let seed = 0; seed < 50; seed++) {
      const ends = new Map<string, number>();
      for (const fault of faultSchedule({ ...options, seed, kills: 20 })) {
        expect(fault.at).toBeGreaterThanOrEqual(ends.get(fault.role) ?? 0);
        ends.set(fault.role, fault.at + (fault.fault === "kill" ? fault.downMs : fault.forMs));
      }
    }
  });
});
