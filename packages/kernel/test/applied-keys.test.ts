import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppliedKeys } from "../src/applied-keys.ts";
import type { BusinessKey } from "../src/business-key.ts";
import { type Layer, LayeredMap } from "../src/layered-map.ts";

const key = (id: string): BusinessKey => ({ system: "pos", id, leg: "main" });

describe("applied keys", () => {
  test("a million keys are each found under the revision that they were added with, and no others are", () => {
    const keys = new AppliedKeys();
    const million = 1_000_000;
    const digest = Buffer.alloc(16);
    const digestOf = (i: number) => {
      for (let word = 0; word < 4; word++)
        digest.writeUInt32LE(Math.imul(i + word, 2_654_435_761) >>> 0, 4 * word);
      return digest;
    };
    for (let i = 1; i <= million; i++) keys.addDigest(digestOf(i), i);
    expect(keys.size).toBe(million);
    let seen = 0;
    let wrong = 0;
    for (const [found, revision] of keys.entries()) {
      seen++;
      if (!found.equals(digestOf(revision))) wrong++;
    }
    expect({ seen, wrong }).toEqual({ seen: million, wrong: 0 });
    const absent = Array.from({ length: 1_000 }, (_, i) => keys.revisionOf(key(`absent-${i}`)));
    expect(new Set(absent)).toEqual(new Set([undefined]));
  });

  test("keep the first revision of a key", () => {
    const keys = new AppliedKeys();
    keys.add(key("a"), 7);
    keys.add(key("a"), 9);
    expect(keys.revisionOf(key("a"))).toBe(7);
    expect(keys.size).toBe(1);
  });

  test("tell system, id and leg apart, wherever the text is cut", () => {
    const keys = new AppliedKeys();
    keys.add({ system: "a", id: "bc", leg: "d" }, 1);
    for (const other of [
      { system: "ab", id: "c", leg: "d" },
      { system: "a", id: "b", leg: "cd" },
      { system: "a", id: "bc", leg: "" },
      { system: "", id: "abc", leg: "d" },
    ]) {
      expect(keys.revisionOf(other)).toBeUndefined();
    }
  });

  test("digests that differ in any one word are different keys, also when they fall on one slot", () => {
    const keys = new AppliedKeys();
    const digests = Array.from({ length: 16 }, (_, byte) => {
      const digest = Buffer.alloc(16);
      digest[byte] = 1;
      return digest;
    });
    digests.forEach((digest, i) => {
      keys.addDigest(digest, i + 1);
    });
    const found = new Map(
      [...keys.entries()].map(([digest, revision]) => [digest.toString("hex"), revision]),
    );
    expect(found).toEqual(new Map(digests.map((digest, i) => [digest.toString("hex"), i + 1])));
  });

  test("behave as a map does, through drafts kept and drafts dropped", () => {
    const step = fc.record({
      adds: fc.array(fc.nat({ max: 40 }), { maxLength: 30 }),
      kept: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 10 }), (steps) => {
        const model = new Map<number, number>();
        let keys = new AppliedKeys();
        let revision = 0;
        for (const { adds, kept } of steps) {
          const draft = keys.draft();
          const ahead = new Map(model);
          for (const id of adds) {
            draft.add(key(`${id}`), ++revision);
            if (!ahead.has(id)) ahead.set(id, revision);
          }
          for (let id = 0; id <= 40; id++) expect(draft.revisionOf(key(`${id}`))).toBe(ahead.get(id));
          for (let id = 0; id <= 40; id++) expect(keys.revisionOf(key(`${id}`))).toBe(model.get(id));
          expect(draft.size).toBe(ahead.size);
          if (!kept) continue;
          keys = draft.commit();
          for (const [id, at] of ahead) model.set(id, at);
        }
        expect(keys.size).toBe(model.size);
        expect([...keys.entries()]).toHaveLength(model.size);
      }),
      { numRuns: 200, interruptAfterTimeLimit: 1_000 },
    );
  });
});

describe("a layered map", () => {
  test("behaves as a map does, through drafts of drafts, kept and dropped", () => {
    const step = fc.record({
      sets: fc.array(fc.tuple(fc.nat({ max: 9 }), fc.nat()), { maxLength: 6 }),
      nested: fc.array(fc.tuple(fc.nat({ max: 9 }), fc.nat()), { maxLength: 6 }),
      kept: fc.boolean(),
      nestedKept: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const model = new Map<number, number>();
        let map: Layer<number, number> = new LayeredMap();
        for (const { sets, nested, kept, nestedKept } of steps) {
          const before = new Map(map.entries());
          let draft = map.draft();
          const ahead = new Map(model);
          for (const [k, v] of sets) draft.set(k, v) ?? ahead.set(k, v);
          const inner = draft.draft();
          const innerAhead = new Map(ahead);
          for (const [k, v] of nested) inner.set(k, v) ?? innerAhead.set(k, v);
          expect(new Map(inner.entries())).toEqual(innerAhead);
          expect(new Map(draft.entries())).toEqual(ahead);
          expect(new Map(map.entries())).toEqual(before);
          if (nestedKept) {
            draft = inner.commit();
            for (const [k, v] of innerAhead) ahead.set(k, v);
          }
          if (!kept) continue;
          map = draft.commit();
          for (const [k, v] of ahead) model.set(k, v);
          for (let k = 0; k <= 9; k++) expect(map.get(k)).toBe(model.get(k));
        }
        expect(new Map(map.entries())).toEqual(model);
      }),
      { numRuns: 300 },
    );
  });
});
