import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Lot } from "../../src/domain/index.ts";
import { PackedLots } from "../../src/domain/packed-lots.ts";

const LAST = 60;

/** Nothing, what a short record has room for, what it just has not, and the largest there is. */
const amount = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0n) },
  { weight: 4, arbitrary: fc.bigInt({ min: 1n, max: 5_000n }) },
  fc.constantFrom(
    2n ** 16n,
    2n ** 32n - 1n,
    2n ** 32n,
    10n ** 15n,
    2n ** 53n + 1n,
    2n ** 62n,
    2n ** 63n - 1n,
  ),
  fc.constantFrom(-1n, -(2n ** 63n)),
);
const instant = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 253_402_300_799_999 }) },
  fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, 2 ** 48 - 1, 2 ** 48, -1, Number.POSITIVE_INFINITY),
);
const text = fc.oneof(fc.constantFrom("", "pos", "2026-11"), fc.string());

const lots: fc.Arbitrary<Lot> = fc.record({
  no: fc.integer({ min: 1, max: LAST }),
  kind: fc.constantFrom("earn", "transfer", "adjustment", "replacement"),
  source: text,
  amount,
  remaining: amount,
  held: amount,
  availableFrom: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, instant),
  expiresAt: instant,
  earnedAt: instant,
  vintage: text,
  replaces: fc.oneof(fc.integer({ min: 0, max: LAST }), fc.constant(2 ** 32)),
  effectiveAt: instant,
  expired: amount,
  repaid: amount,
  restored: amount,
  reversed: amount,
  forgiven: amount,
  refunded: amount,
});

/** A lot put in whole, or some of its fields on the lot that is there. */
const steps = fc.record({
  lot: lots,
  fields: fc.option(fc.subarray(["remaining", "held", "effectiveAt", "expired", "reversed"] as const)),
});

function changed(before: Lot | undefined, lot: Lot, fields: readonly (keyof Lot)[] | null): Lot {
  if (before === undefined || fields === null) return lot;
  return { ...before, ...Object.fromEntries(fields.map((field) => [field, lot[field]])) };
}

function throughBytes(packed: PackedLots): PackedLots {
  const { origins, starts, units } = packed.toBytes();
  // As they lie behind something else: where no element may begin.
  const shifted = (bytes: Uint8Array) => Buffer.concat([Buffer.of(0), bytes]).subarray(1);
  return PackedLots.fromBytes({ origins, starts: shifted(starts), units: shifted(units) });
}

describe("packed lots", () => {
  test("are as a map has them, whatever is put in and changed in any order, also when read from their bytes", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 200 }), fc.nat({ max: 200 }), (all, bytesAt) => {
        let packed = new PackedLots();
        const expected = new Map<number, Lot>();
        for (const [i, { lot, fields }] of all.entries()) {
          if (i === bytesAt) packed = throughBytes(packed);
          const next = changed(expected.get(lot.no), lot, fields);
          packed.set(lot.no, next);
          expected.set(lot.no, next);
        }
        const inOrder = [...expected].sort(([a], [b]) => a - b);
        expect([...packed.entries()]).toEqual(inOrder);
        expect([...throughBytes(packed).entries()]).toEqual(inOrder);
        for (let no = 0; no <= LAST + 1; no++) expect(packed.get(no)).toEqual(expected.get(no));
      }),
      { numRuns: 300, interruptAfterTimeLimit: 2_000 },
    );
  });

  test("that are held, released and spent again and again take no more room than they need", () => {
    const packed = new PackedLots();
    for (let no = 1; no <= 1_000; no++) packed.set(no, earned(no));
    for (let round = 1; round <= 20; round++) {
      for (let no = 1; no <= 1_000; no++) {
        packed.set(no, { ...earned(no), held: BigInt(round), effectiveAt: round });
        packed.set(no, { ...earned(no), effectiveAt: round });
      }
    }
    for (let no = 1; no <= 1_000; no++) packed.set(no, { ...earned(no), remaining: 0n });
    const { starts, units } = packed.toBytes();
    expect((starts.length + units.length) / 1_000).toBeLessThan(64);
    for (let no = 1; no <= 1_000; no++) expect(packed.get(no)).toEqual({ ...earned(no), remaining: 0n });
  });

  test("of one origin share it", () => {
    const packed = new PackedLots();
    const vintage = (no: number) => `vintage ${no % 7}`;
    for (let no = 1; no <= 100; no++) packed.set(no, { ...earned(no), vintage: vintage(no) });
    for (let no = 1; no <= 100; no++) expect(packed.get(no)?.vintage).toBe(vintage(no));
    expect(packed.toBytes().origins).toHaveLength(7);
  });

  test("refuse an amount that takes more than 64 bits, and stay as they are", () => {
    const packed = new PackedLots();
    packed.set(1, earned(1));
    for (const field of ["amount", "remaining", "refunded"] as const) {
      expect(() => packed.set(1, { ...earned(1), [field]: 2n ** 63n })).toThrow(RangeError);
      expect(() => packed.set(2, { ...earned(2), [field]: 2n ** 63n })).toThrow(RangeError);
    }
    expect([...packed.entries()]).toEqual([[1, earned(1)]]);
  });
});

function earned(no: number): Lot {
  return {
    no,
    kind: "earn",
    source: "pos",
    amount: 50n,
    remaining: 50n,
    held: 0n,
    availableFrom: 0,
    expiresAt: 1_830_000_000_000,
    earnedAt: 1_760_000_000_000 + no,
    vintage: "2026-11",
    replaces: 0,
    effectiveAt: 1_760_000_000_000 + no,
    expired: 0n,
    repaid: 0n,
    restored: 0n,
    reversed: 0n,
    forgiven: 0n,
    refunded: 0n,
  };
}
