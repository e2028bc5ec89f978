import { ContractViolation, UnknownEventVersion } from "@taem/schema";
import { PayloadCodec } from "@taem/schema/avro";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Event, events, eventTypes, fieldsOf, recordOf, stored } from "./support/described.ts";
import { sampleOf } from "./support/sample.ts";

const payloads = new PayloadCodec(events);
const eventOf = (type: string, body: Record<string, unknown>) => ({ ...body, type }) as unknown as Event;
const sample = (type: string, optionals = true) => eventOf(type, sampleOf(fieldsOf(type), optionals));

describe.each(eventTypes)("%s", (type) => {
  test("survives the wire, whatever it says, and its JSON with it", () => {
    fc.assert(
      fc.property(recordOf(fieldsOf(type)), (body) => {
        const event = eventOf(type, body);
        const json = events.encode(event);
        const read = payloads.decode(type, payloads.encode(events.decode(stored(type, json))));
        expect(read).toStrictEqual(event);
        expect(events.encode(read)).toBe(json);
      }),
      { numRuns: 50, interruptAfterTimeLimit: 1_000 },
    );
  });

  test("is refused truncated anywhere, and with anything behind it", () => {
    const bytes = payloads.encode(sample(type));
    for (let length = 0; length < bytes.length; length++) {
      expect(() => payloads.decode(type, bytes.subarray(0, length)), `${length} bytes`).toThrow(
        ContractViolation,
      );
    }
    expect(() => payloads.decode(type, Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(ContractViolation);
  });

  test("damaged is refused, or reads as another event that would be written with just these bytes", () => {
    const bytes = payloads.encode(sample(type));
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, (changes) => {
        const damaged = Buffer.from(bytes);
        for (const [at, byte] of changes) damaged[at] = byte;
        const read = attempt(type, damaged);
        if (read !== undefined) expect(payloads.encode(read).toString("hex")).toBe(damaged.toString("hex"));
      }),
      { numRuns: 200, interruptAfterTimeLimit: 1_000 },
    );
  });

  test("is no other event", () => {
    const other = type === "ClockSet" ? "PointsEarned" : "ClockSet";
    expect(() => payloads.decode(other, payloads.encode(sample(type)))).toThrow(
      `${other}: expected its own schema, not that of ${type}`,
    );
  });
});

function attempt(type: string, bytes: Buffer): Event | undefined {
  try {
    return payloads.decode(type, bytes);
  } catch (error) {
    if (error instanceof ContractViolation || error instanceof UnknownEventVersion) return undefined;
    throw error;
  }
}

test("what is absent takes one byte, and is absent again", () => {
  const read = payloads.decode(
    "ClockSet",
    payloads.encode({ type: "ClockSet", programme: "p", mode: "live" } as Event),
  );
  expect(Object.keys(read).sort()).toEqual(["mode", "programme", "type"]);
});

test("an event of five hundred lots is larger than any before it, and the next is not", () => {
  const takes = Array.from({ length: 500 }, (_, lot) => ({ lot, amount: 1n, vintage: "v".repeat(1_000) }));
  const large = { ...sample("DebtRepaid"), takes } as unknown as Event;
  const bytes = payloads.encode(large);
  expect(bytes.length).toBeGreaterThan(500_000);
  expect(payloads.decode("DebtRepaid", bytes)).toEqual(large);
  expect(payloads.decode("DebtRepaid", payloads.encode(sample("DebtRepaid")))).toEqual(sample("DebtRepaid"));
});

test("what was read does not change when more is written", () => {
  const bytes = payloads.encode(sample("PointsBurned"));
  const copy = Buffer.from(bytes);
  const read = payloads.decode("PointsBurned", bytes);
  payloads.encode(sample("PointsEarned"));
  payloads.decode("PointsBurned", bytes);
  expect(bytes).toEqual(copy);
  expect(read).toEqual(sample("PointsBurned"));
});

test("the wire says the schema: marker, CRC-64-AVRO from its lowest byte on, value", () => {
  const bytes = payloads.encode({ type: "KeyReserved", programme: "p", member: "m", currency: "C" } as Event);
  expect(bytes.toString("hex")).toMatch(/^c301[0-9a-f]{16}0270026d0243$/);
});

test("a schema that is not known is one to come: the program is to be upgraded", () => {
  const bytes = payloads.encode(sample("ClockSet"));
  bytes[5] = (bytes[5] as number) ^ 1;
  expect(() => payloads.decode("ClockSet", bytes)).toThrow(UnknownEventVersion);
  expect(() => payloads.decode("ClockSet", bytes)).toThrow(bytes.toString("hex", 2, 10));
});

test.each<[string, Event]>([
  ["of no type", { type: "Alien" } as unknown as Event],
  ["with a field missing", { type: "KeyReserved", programme: "p", member: "m" } as unknown as Event],
  ["of another choice", { type: "ClockSet", programme: "p", mode: "fast" } as unknown as Event],
  ["with an amount of 65 bits", { ...sample("DebtRepaid"), amount: 2n ** 63n } as Event],
  ["with an amount that is a number", { ...sample("DebtRepaid"), amount: 1 } as unknown as Event],
  ["with an instant that is none", { ...sample("DebtRepaid"), occurredAt: 0.5 } as Event],
])("an event %s is not written", (_, event) => {
  expect(() => payloads.encode(event)).toThrow(ContractViolation);
});

describe("a message that would harm its reader is refused:", () => {
  /** The last field of a repaid debt is the list of what was taken, here empty: one byte. */
  const withoutList = payloads
    .encode({ ...sample("DebtRepaid"), takes: [] } as unknown as Event)
    .subarray(0, -1);
  const message = (...tail: number[]) => Buffer.concat([withoutList, Buffer.from(tail)]);
  const read = (bytes: Buffer) => () => payloads.decode("DebtRepaid", bytes);
  const manyItems = [0x02, 0x02, 0x02, 0x00];

  test.each([
    ["a list of 2^31 items", message(0x80, 0x80, 0x80, 0x80, 0x10, ...manyItems)],
    ["a list of 2^52 items", message(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, ...manyItems)],
    [
      "a list of 2^62 items",
      message(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, ...manyItems),
    ],
    ["a list of more items than there are bytes", message(0x0a, ...manyItems)],
    ["a list in a block of its size", message(0x01, 0x06, ...manyItems)],
    ["a list in two blocks", message(0x02, 0x02, 0x02, 0x00, 0x02, 0x02, 0x02, 0x00, 0x00)],
    ["a text of a gigabyte", message(0x02, 0x02, 0x02, 0x80, 0x80, 0x80, 0x80, 0x08)],
    ["a text of less than nothing", message(0x02, 0x02, 0x02, 0x01, 0x00)],
    ["a number that never ends", message(...Array<number>(1_000).fill(0x80))],
    ["a number of 65 bits", message(0x02, 0x02, ...Array<number>(9).fill(0xff), 0x02, 0x00, 0x00)],
    ["a number in more bytes than it needs", message(0x02, 0x02, 0x82, 0x00, 0x00, 0x00)],
    ["a lot number of 54 bits", message(0x02, ...Array<number>(7).fill(0xff), 0x1f, 0x02, 0x00, 0x00)],
    ["a text that is no UTF-8", message(0x02, 0x02, 0x02, 0x04, 0x61, 0xff, 0x00)],
    ["a text with half a surrogate pair", message(0x02, 0x02, 0x02, 0x06, 0xed, 0xa0, 0x80, 0x00)],
  ])("%s", (_, bytes) => {
    expect(read(bytes)).toThrow(ContractViolation);
  });

  test("and the same without the harm is read", () => {
    expect(read(message(0x02, 0x02, 0x02, 0x04, 0x61, 0x62, 0x00))()).toMatchObject({
      takes: [{ lot: 1, amount: 1n, vintage: "ab" }],
    });
    expect(read(message(0x02, 0x02, ...Array<number>(9).fill(0xff), 0x01, 0x00, 0x00))()).toMatchObject({
      takes: [{ lot: 1, amount: -(2n ** 63n), vintage: "" }],
    });
  });

  test("a flag that is neither true nor false", () => {
    const bytes = payloads.encode(sample("EarnReversed"));
    const other = payloads.encode({ ...sample("EarnReversed"), unreferenced: false } as unknown as Event);
    const at = bytes.findIndex((byte, i) => byte !== other[i]);
    bytes[at] = 2;
    expect(() => payloads.decode("EarnReversed", bytes)).toThrow("true or false");
  });
});
