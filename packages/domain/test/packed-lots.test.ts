import fc from "fast-check";
import { expect, test } from "vitest";
import type { Lot } from "../src/index.ts";
import { PackedLots } from "../src/packed-lots.ts";

const amount = fc.bigInt({ min: 0n, max: 10n ** 15n });
const instant = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 253_402_300_799_999 }));
const text = fc.oneof(fc.constantFrom("", "pos", "2026-11"), fc.string());

const lots: fc.Arbitrary<Lot> = fc.record({
  no: fc.integer({ min: 1, max: 60 }),
  kind: fc.constantFrom("earn", "transfer", "adjustment", "replacement"),
  source: text,
  amount,
  remaining: amount,
  held: amount,
  availableFrom: instant,
  expiresAt: fc.oneof(instant, fc.constant(Number.POSITIVE_INFINITY)),
  earnedAt: instant,
  vintage: text,
  replaces: fc.integer({ min: 0, max: 60 }),
  effectiveAt: instant,
  expired: amount,
  repaid: amount,
  restored: amount,
  reversed: amount,
  forgiven: amount,
  refunded: amount,
});

test("lots that were put in, in any order and again, come out as they were, also through their text", () => {
  fc.assert(
    fc.property(fc.array(lots), (all) => {
      const packed = new PackedLots();
      const expected = new Map<number, Lot>();
      for (const lot of all) {
        packed.set(lot.no, lot);
        expected.set(lot.no, lot);
      }
      const inOrder = [...expected].sort(([a], [b]) => a - b);
      expect([...packed.entries()]).toEqual(inOrder);
      const read = PackedLots.fromText(JSON.parse(JSON.stringify(packed.toText())));
      expect([...read.entries()]).toEqual(inOrder);
      for (let no = 0; no <= 61; no++) expect(packed.get(no)).toEqual(expected.get(no));
    }),
  );
});

test("an amount that takes more than 64 bits is refused, not cut", () => {
  const [lot] = fc.sample(lots, 1) as [Lot];
  const packed = new PackedLots();
  expect(() => packed.set(lot.no, { ...lot, amount: 2n ** 63n })).toThrow(RangeError);
  expect(packed.get(lot.no)).toBeUndefined();
});
