import {
  ContractViolation,
  codecOf,
  earlier,
  type Field,
  type Histories,
  integer,
  record,
  text,
  UnknownEventVersion,
  upcast,
  versionsOf,
} from "@taem/schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { events, eventTypes, metaOf, recordOf, versions } from "./support/described.ts";

describe("an event of an earlier version", () => {
  test.each(versions.filter(({ type, version }) => version < events.currentVersion(type)))(
    "$type $version, whatever it says, is read as one of the current version",
    ({ type, version, fields }) => {
      fc.assert(
        fc.property(recordOf(fields), (body) => {
          const data = codecOf(record(fields) as Field<object>, type).encode(body);
          const event = events.decode({ type, data, meta: metaOf(version) });
          const now = { type, data: events.encode(event), meta: metaOf(events.currentVersion(type)) };
          expect(events.decode(now)).toEqual(event);
        }),
        { numRuns: 100, interruptAfterTimeLimit: 1_000 },
      );
    },
  );

  test("is read by the description of its own version, and by no other", () => {
    const [first, second] = [
      '{"programme":"p","scope":"account","system":"pos"}',
      '{"declaredBy":"definition","programme":"p","scope":"account","system":"pos"}',
    ];
    const read = (data: string, version: number) => () =>
      events.decode({ type: "SourceDeclared", data, meta: metaOf(version) });
    expect(read(first, 1)()).toMatchObject({ declaredBy: "not_recorded" });
    expect(read(second, 2)()).toMatchObject({ declaredBy: "definition" });
    expect(read(first, 2)).toThrow(ContractViolation);
    expect(read(second, 1)).toThrow(ContractViolation);
  });

  test("goes through every upcaster between its version and the current one", () => {
    const chain = versionsOf(
      { Thing: { a: integer, b: integer, c: integer } },
      {
        Thing: {
          current: 3,
          earlier: {
            1: earlier({ a: integer }, ({ a }) => ({ a, b: a + 1 })),
            2: earlier({ a: integer, b: integer }, ({ a, b }) => ({ a, b, c: a + b })),
          },
        },
      },
    ).get("Thing");
    if (chain === undefined) throw new Error("the thing is not there");
    expect(chain.descriptions.map((fields) => Object.keys(fields).join(""))).toEqual(["a", "ab", "abc"]);
    expect(upcast(chain, 1, { a: 1 })).toEqual({ a: 1, b: 2, c: 3 });
    expect(upcast(chain, 2, { a: 1, b: 5 })).toEqual({ a: 1, b: 5, c: 6 });
    expect(upcast(chain, 3, { a: 1, b: 5, c: 0 })).toEqual({ a: 1, b: 5, c: 0 });
  });
});

describe("an event of a version to come", () => {
  test.each(eventTypes)("%s is told from one that is wrong", (type) => {
    const meta = metaOf(events.currentVersion(type) + 1);
    expect(events.isKnown({ type, meta })).toBe(false);
    expect(() => events.decode({ type, data: "{}", meta })).toThrow(UnknownEventVersion);
    expect(() => events.decode({ type, data: "{}", meta })).toThrow(
      expect.objectContaining({ code: "unknown_event_version" }),
    );
  });
});

test("every version up to the current one is known, of types of the catalogue alone", () => {
  for (const { type, version } of versions)
    expect(events.isKnown({ type, meta: metaOf(version) })).toBe(true);
  expect(events.isKnown({ type: "Alien", meta: metaOf(1) })).toBe(false);
  expect(events.isKnown({ type: "constructor", meta: metaOf(1) })).toBe(false);
});

test.each([
  "",
  "{}",
  '{"v":1}x',
  '{"v":"1"}',
  '{"v":0}',
  '{"v":01}',
  '{"v":-1}',
  '{"v":1.5}',
  '{"v":1e3}',
  '{"v": 1}',
  '{"v":1,"w":2}',
  '{"w":{"v":1}}',
  '{"av":1}',
  '{"\\"v":1}',
  '{"correlation":"\\"v\\":1}"}',
  '{"correlation":",\\"v\\":1}',
  '{"v":1000000000}',
])("meta %j says no version: the event is wrong, not unknown", (meta) => {
  const event = { type: "ClockSet", data: '{"mode":"live","programme":"p"}', meta };
  expect(() => events.decode(event)).toThrow(ContractViolation);
  expect(events.isKnown(event)).toBe(true);
});

test("an event is written in the current version of its type", () => {
  const somebody = { actor: "a", correlation: "c" };
  for (const type of eventTypes)
    expect(JSON.parse(events.encodeMeta(type, somebody))).toEqual({
      ...somebody,
      v: events.currentVersion(type),
    });
  expect(events.currentVersion("SourceDeclared")).toBe(2);
});

describe("a table of versions that is not whole does not start:", () => {
  const one = earlier({ a: text }, (body) => body);
  const thing = (current: number, known: object): Histories => ({
    Thing: { current, earlier: known as Histories[string]["earlier"] },
  });

  test.each([
    ["a history of nothing", { Alien: { current: 2, earlier: { 1: one } } }, "Alien has a history"],
    ["a first version with a history", thing(1, {}), "current version is 2 or higher, and is 1"],
    ["no version before the current", thing(2, {}), "its history describes 1, and has none"],
    ["a gap", thing(4, { 1: one, 3: one }), "its history describes 1, 2, 3, and has 1, 3"],
    ["no first version", thing(3, { 2: one }), "its history describes 1, 2, and has 2"],
    ["the current version", thing(2, { 1: one, 2: one }), "describes 1, and has 1, 2"],
    ["a version zero", thing(2, { 0: one, 1: one }), "describes 1, and has 0, 1"],
    ["no number", thing(2, { 1: one, first: one }), "describes 1, and has 1, first"],
    ["half a version", thing(2.5, { 1: one }), "is 2 or higher, and is 2.5"],
    ["no upcaster", thing(2, { 1: { fields: {} } }), "needs its description and an upcaster to 2"],
    ["no description", thing(2, { 1: { upcast: one.upcast } }), "needs its description and an upcaster to 2"],
  ])("%s", (_, histories, message) => {
    expect(() => versionsOf({ Thing: { a: text } }, histories)).toThrow(message);
  });

  test("and one that is whole does", () => {
    expect(versionsOf({ Thing: { a: text } }, thing(2, { 1: one })).get("Thing")?.current).toBe(2);
    expect(versionsOf({ ClockSet: {} }, {}).get("ClockSet")?.current).toBe(1);
  });
});
