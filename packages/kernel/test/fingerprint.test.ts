import { describe, expect, test } from "vitest";
import { commandFingerprint } from "../src/index.ts";

const account = { programme: "p-1", member: "m-1", currency: "PTS" };
const burn = { type: "burn", points: 5n, redemption: "reward" } as const;

describe("the fingerprint of a command", () => {
  test("is 32 hexadecimal digits, the same for ever", () => {
    expect(commandFingerprint(burn, account)).toBe("c197c79c9c7be1850b7b96b613465e50");
  });

  test("does not depend on the order in which its fields were given, nor on fields that are absent", () => {
    const shuffled = { redemption: "reward", timeoutSeconds: undefined, points: 5n, type: "burn" } as const;
    expect(commandFingerprint(shuffled, account)).toBe(commandFingerprint(burn, account));
  });

  test.each([
    ["amount", { ...burn, points: 6n }, account],
    ["kind", { ...burn, redemption: "cash" }, account],
    ["type", { ...burn, type: "hold" as const }, account],
    ["member", burn, { ...account, member: "m-2" }],
    ["currency", burn, { ...account, currency: "MILES" }],
    ["programme", burn, { ...account, programme: "p-2" }],
    ["business time, where the caller gave one", { ...burn, occurredAt: 1 }, account],
    ["null against absent", { ...burn, expiresAt: null }, account],
  ])("tells apart another %s", (_, command, whose) => {
    expect(commandFingerprint(command, whose)).not.toBe(commandFingerprint(burn, account));
  });

  test("tells an amount from the same digits as text only by its field's type, which never changes", () => {
    const text = { ...burn, points: "5" } as const;
    expect(commandFingerprint(text, account)).toBe(commandFingerprint(burn, account));
  });

  test("reads nested fields", () => {
    const earn = (spend: bigint) =>
      ({ type: "earn", by: { spend, money: "THB", rule: "spend" }, reason: "sale" }) as const;
    expect(commandFingerprint(earn(1n), account)).not.toBe(commandFingerprint(earn(2n), account));
  });
});
