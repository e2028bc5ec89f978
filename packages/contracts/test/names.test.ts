import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  accountStream,
  fingerprint,
  keyDigest,
  keyText,
  memberStream,
  programmeStream,
  SLICES,
  sliceOf,
  sliceOfStream,
  uniqueStream,
} from "../src/index.ts";

describe("streams", () => {
  test("are named by ids of ours", () => {
    expect(accountStream("m-1", 2)).toBe("taem.account-m-1-2");
    expect(memberStream("m-1")).toBe("taem.member-m-1");
    expect(programmeStream("p-1")).toBe("taem.programme-p-1");
    expect(uniqueStream("ab12")).toBe("taem.unique-ab12");
  });
});

describe("slices", () => {
  test("of members and streams are what they always were: stored events carry them", () => {
    expect(SLICES).toBe(64);
    expect([sliceOf("p-1", "m-1"), sliceOf("p-1", "m-2"), sliceOf("p-2", "m-1")]).toEqual([3, 32, 60]);
    const [first, second] = [
      { programme: "p-1", member: "m-1" },
      { programme: "p-1", member: "m-2" },
    ];
    expect(sliceOfStream("taem.programme-p-1", { programme: "p-1" })).toBe(34);
    expect(sliceOfStream("taem.programme-p-1", second)).toBe(34);
    expect(sliceOfStream(accountStream("m-1", 1), first)).toBe(3);
    expect(sliceOfStream(memberStream("m-2"), second)).toBe(32);
    expect(sliceOfStream(uniqueStream("ab12"), first)).toBe(sliceOfStream(uniqueStream("ab12"), second));
    expect(() => sliceOfStream(accountStream("m-1", 1), { programme: "p-1" })).toThrow("belongs to a member");
  });

  test("tell programme and member apart wherever the text is cut", () => {
    const cuts = Array.from({ length: 32 }, (_, i) => sliceOf("x".repeat(i), "x".repeat(32 - i)));
    expect(new Set(cuts).size).toBeGreaterThan(10);
  });

  test("share members out evenly", () => {
    const counts = new Array<number>(SLICES).fill(0);
    for (let i = 0; i < 64_000; i++) {
      const slice = sliceOf("p-1", `m-${i}`);
      counts[slice] = (counts[slice] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1_200);
  });
});

describe("the digest of a key", () => {
  const key = { system: "pos", id: "4711", leg: "main" };

  test("is the first 16 bytes of the SHA-256 of its parts, framed", () => {
    expect(keyText(key)).toBe("pos\u00004711\u0000main");
    const sha256 = hash("sha256", keyText(key), "hex");
    expect(keyDigest(key).toString("hex")).toBe(sha256.slice(0, 32));
  });

  test("is of the key that is asked for, however keys alternate", () => {
    const other = { ...key, leg: "refund" };
    const [first, second] = [keyDigest(key).toString("hex"), keyDigest(other).toString("hex")];
    expect(first).not.toBe(second);
    expect(keyDigest(key).toString("hex")).toBe(first);
    expect(keyDigest({ ...other }).toString("hex")).toBe(second);
  });
});

test("a fingerprint is 32 hexadecimal digits of SHA-256", () => {
  expect(fingerprint("{}")).toBe(hash("sha256", "{}", "hex").slice(0, 32));
});
