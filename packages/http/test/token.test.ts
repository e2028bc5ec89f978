import { createSecretKey } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Place, parseToken, type Token, Tokens } from "../src/index.ts";

// Failures: a token that says less than it was sealed with; one that was not sealed here, for this programme, is believed.

const keyOf = (byte: number) => createSecretKey(Buffer.alloc(32, byte));
const here = new Tokens({ tokenKey: keyOf(7), installation: "here" });
const PROGRAMME = "019a51d2-7c3e-7b4a-9f00-5d2c1e8a4b61";

const position = fc.oneof(
  fc.nat().map((n) => String(n).padStart(16, "0")),
  fc.tuple(fc.nat(), fc.nat()).map((both) => both.map((n) => String(n).padStart(19, "0")).join("-")),
);
const place: fc.Arbitrary<Place> = fc.record({ slice: fc.nat({ max: 63 }), position });
const places = fc.uniqueArray(place, { minLength: 1, maxLength: 8, selector: ({ slice }) => slice });

const parsed = (text: string): Token => {
  const token = parseToken(text);
  if (token === undefined) throw new Error(`${text} has not the form of a token`);
  return token;
};

test("a token says what it was sealed with, in a form that needs no escaping in a query", () => {
  fc.assert(
    fc.property(places, (sealed) => {
      const text = here.seal(PROGRAMME, sealed);
      expect(encodeURIComponent(text)).toBe(text);
      const token = parsed(text);
      expect(token.places).toEqual(sealed);
      expect(here.isOurs(PROGRAMME, token)).toBe(true);
    }),
  );
});

test("of several places in a slice the last one stands for all", () => {
  const sealed = here.seal(PROGRAMME, [
    { slice: 5, position: "0000000000000009" },
    { slice: 3, position: "0000000000000010" },
    { slice: 5, position: "0000000000000011" },
  ]);
  expect(parsed(sealed).places).toEqual([
    { slice: 5, position: "0000000000000011" },
    { slice: 3, position: "0000000000000010" },
  ]);
});

describe("not ours is", () => {
  const sealed = here.seal(PROGRAMME, [
    { slice: 17, position: "0000000000012345" },
    { slice: 3, position: "0000000000012346" },
  ]);

  test.each([
    ["that of another programme", here, "019a51d2-7c3e-7b4a-9f00-5d2c1e8a4b62"],
    [
      "that of another installation under the same key",
      new Tokens({ tokenKey: keyOf(7), installation: "there" }),
      PROGRAMME,
    ],
    ["that of another key", new Tokens({ tokenKey: keyOf(8), installation: "here" }), PROGRAMME],
  ])("%s", (_, tokens, programme) => {
    expect(tokens.isOurs(programme, parsed(sealed))).toBe(false);
  });

  test("one with any character changed, left out or put in", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const isOurs = (text: string) => {
      const token = parseToken(text);
      return token !== undefined && here.isOurs(PROGRAMME, token);
    };
    for (let at = 0; at < sealed.length; at++) {
      const [before, after] = [sealed.slice(0, at), sealed.slice(at + 1)];
      for (const char of alphabet) {
        if (char !== sealed[at]) expect(isOurs(before + char + after)).toBe(false);
        expect(isOurs(before + char + (sealed[at] ?? "") + after)).toBe(false);
      }
      expect(isOurs(before + after)).toBe(false);
    }
    expect(isOurs(sealed)).toBe(true);
  });
});

test.each(["", "17:0000000000012345", "AQ", "a b", "A".repeat(1_000), "=", "🎁"])(
  "%j has not the form",
  (text) => {
    expect(parseToken(text)).toBeUndefined();
  },
);

test("whatever is sent is parsed without an error and believed by nobody", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.base64String(), fc.stringMatching(/^AQ[A-Za-z0-9_-]{0,500}$/)),
      (text) => {
        const token = parseToken(text);
        if (token !== undefined) expect(here.isOurs(PROGRAMME, token)).toBe(false);
      },
    ),
  );
});
