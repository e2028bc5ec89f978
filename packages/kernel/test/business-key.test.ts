import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { fingerprint, keyDigest, keyText } from "../src/index.ts";

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
