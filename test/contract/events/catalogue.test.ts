import { accountEvents } from "@taem/ledger/events";
import { ContractViolation, decodeMeta, record } from "@taem/schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Event, events, eventTypes, faultsOf, fieldsOf, recordOf, stored } from "./support/described.ts";
import { sampleOf } from "./support/sample.ts";

const eventOf = (type: string, body: Record<string, unknown>) => ({ type, ...body }) as unknown as Event;

describe.each(eventTypes)("%s", (type) => {
  test("is read back as it was written, byte for byte", () => {
    fc.assert(
      fc.property(recordOf(fieldsOf(type)), (body) => {
        const json = events.encode(eventOf(type, body));
        const read = events.decode(stored(type, json));
        expect(read).toEqual(eventOf(type, body));
        expect(events.encode(read)).toBe(json);
      }),
      { numRuns: 50, interruptAfterTimeLimit: 1_000 },
    );
  });

  test("is refused with any field missing, surplus or of another kind, at any depth", () => {
    const whole = JSON.parse(events.encode(eventOf(type, sampleOf(fieldsOf(type), true))));
    const accepted = faultsOf(record(fieldsOf(type)), whole).filter(({ json }) => {
      try {
        events.decode(stored(type, JSON.stringify(json)));
        return true;
      } catch (error) {
        if (error instanceof ContractViolation) return false;
        throw error;
      }
    });
    expect(accepted.map(({ what }) => what)).toEqual([]);
  });
});

test.each(["PointsInvented", "constructor", "__proto__", "toString", ""])("%o is no event type", (type) => {
  expect(() => events.decode({ type, data: "{}", meta: '{"v":1}' })).toThrow(ContractViolation);
  expect(() => events.encode({ type } as unknown as Event)).toThrow(ContractViolation);
});

test("account events are told from definitions and members", () => {
  const account = eventTypes.filter((type) => accountEvents.includes({ type }));
  expect(account).toEqual(accountEvents.names);
  expect(account.length).toBeLessThan(eventTypes.length);
});

test("who asked, and what led to it, is read back as it was written", () => {
  const about = { actor: "till-1", correlation: "c", causation: "e" };
  const meta = events.encodeMeta("ClockSet", about);
  expect(meta).toBe('{"actor":"till-1","causation":"e","correlation":"c","v":1}');
  expect(decodeMeta(meta)).toEqual({ ...about, v: 1 });
  expect(events.encodeMeta("ClockSet", { actor: "a", correlation: "c" })).toBe(
    '{"actor":"a","correlation":"c","v":1}',
  );
  expect(() => decodeMeta('{"actor":"till-1","v":1}')).toThrow(ContractViolation);
});
