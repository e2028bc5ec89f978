import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  accountEvents,
  ContractViolation,
  decodeEvent,
  decodeMeta,
  encodeEvent,
  encodeMeta,
  isAccountEvent,
  type TaemEvent,
} from "../src/index.ts";
import { record } from "../src/schema.ts";
import { eventTypes, faultsOf, fieldsOf, recordOf, stored } from "./support/described.ts";
import { sampleOf } from "./support/sample.ts";

const eventOf = (type: string, body: Record<string, unknown>) => ({ type, ...body }) as unknown as TaemEvent;

describe.each(eventTypes)("%s", (type) => {
  test("is read back as it was written, byte for byte", () => {
    fc.assert(
      fc.property(recordOf(fieldsOf(type)), (body) => {
        const json = encodeEvent(eventOf(type, body));
        const read = decodeEvent(stored(type, json));
        expect(read).toEqual(eventOf(type, body));
        expect(encodeEvent(read)).toBe(json);
      }),
      { numRuns: 50, interruptAfterTimeLimit: 1_000 },
    );
  });

  test("is refused with any field missing, surplus or of another kind, at any depth", () => {
    const whole = JSON.parse(encodeEvent(eventOf(type, sampleOf(fieldsOf(type), true))));
    const accepted = faultsOf(record(fieldsOf(type)), whole).filter(({ json }) => {
      try {
        decodeEvent(stored(type, JSON.stringify(json)));
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
  expect(() => decodeEvent({ type, data: "{}", meta: '{"v":1}' })).toThrow(ContractViolation);
  expect(() => encodeEvent({ type } as unknown as TaemEvent)).toThrow(ContractViolation);
});

test("account events are told from definitions and members", () => {
  const account = eventTypes.filter((type) => isAccountEvent({ type } as unknown as TaemEvent));
  expect(account).toEqual(Object.keys(accountEvents));
  expect(account.length).toBeLessThan(eventTypes.length);
});

test("who asked, and what led to it, is read back as it was written", () => {
  const about = { actor: "till-1", correlation: "c", causation: "e" };
  const meta = encodeMeta("ClockSet", about);
  expect(meta).toBe('{"actor":"till-1","causation":"e","correlation":"c","v":1}');
  expect(decodeMeta(meta)).toEqual({ ...about, v: 1 });
  expect(encodeMeta("ClockSet", { actor: "a", correlation: "c" })).toBe(
    '{"actor":"a","correlation":"c","v":1}',
  );
  expect(() => decodeMeta('{"actor":"till-1","v":1}')).toThrow(ContractViolation);
});
