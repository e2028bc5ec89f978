import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeEnvelope, type Envelope, encodeEnvelope, PayloadCodec } from "../src/avro/index.ts";
import { ContractViolation } from "../src/canonical-json.ts";
import { defineEvents, text } from "../src/index.ts";

const events = defineEvents({ KeyReserved: { programme: text, member: text, currency: text } });
const payloads = new PayloadCodec(events);
const data = payloads.encode({ type: "KeyReserved", programme: "p", member: "m", currency: "C" });

const event = {
  id: "0198e9c4-6e0e-4cc0-98d0-3d2b0b7f0c11",
  type: "KeyReserved",
  version: 1,
  stream: "taem.unique-ab12",
  revision: 1,
  recordedAt: 1_772_427_600_000,
  actor: "till-1 (0198e9c4)",
  correlation: "c-1",
  causation: "0198e9c4-6e0e-4cc0-98d0-3d2b0b7f0c12",
  data,
};

const watermark: Envelope = {
  installation: "0198e9c4-6e0e-7cc0-98d0-3d2b0b7f0c10",
  slice: 34,
  position: "0000000000000012",
  previous: "0000000000000007",
};

const { causation: _, ...uncaused } = event;

/** Envelopes as they were once written: topics hold them, so they are read for ever. Lines are added, never changed. */
const golden: readonly (readonly [string, Envelope])[] = [
  ["envelope.full.hex", { ...watermark, event }],
  ["envelope.bare.hex", { ...watermark, previous: "", event: uncaused }],
  ["envelope.watermark.hex", watermark],
];

test.each(golden)("%s is still read, and still written with the same bytes", (file, envelope) => {
  const hex = readFileSync(join(import.meta.dirname, "golden-envelopes", file), "utf8").trim();
  expect(decodeEnvelope(Buffer.from(hex, "hex"))).toStrictEqual(envelope);
  expect(encodeEnvelope(envelope).toString("hex")).toBe(hex);
});

test("an envelope is read without knowing its event", () => {
  const unknown = { ...event, type: "MemberTeleported", version: 7, data: Buffer.from("whatever it is") };
  const read = decodeEnvelope(encodeEnvelope({ ...watermark, event: unknown }));
  expect(read).toEqual({ ...watermark, event: unknown });
});

test("the event in an envelope is read from it", () => {
  const read = decodeEnvelope(encodeEnvelope({ ...watermark, event }));
  const inner = payloads.decode(read.event?.type ?? "", read.event?.data ?? Buffer.alloc(0));
  expect(events.encode(inner)).toBe('{"currency":"C","member":"m","programme":"p"}');
});

describe("what is no envelope is refused:", () => {
  const bytes = encodeEnvelope({ ...watermark, event });
  const changed = (at: number, byte: number) => {
    const copy = Buffer.from(bytes);
    copy[at] = byte;
    return copy;
  };

  test.each([
    ["nothing", Buffer.alloc(0)],
    ["a marker alone", bytes.subarray(0, 2)],
    ["a header alone", bytes.subarray(0, 10)],
    ["a message of another marker", changed(0, 0xc4)],
    ["a message of another encoding", changed(1, 0x02)],
    ["a message of another schema", changed(2, (bytes[2] as number) ^ 1)],
    ["an event by itself", data],
    ["a message with something behind it", Buffer.concat([bytes, bytes])],
    ["JSON", Buffer.from('{"slice":1}')],
    ["zeros", Buffer.alloc(100)],
  ])("%s", (_, wrong) => {
    expect(() => decodeEnvelope(wrong)).toThrow(ContractViolation);
  });

  test("one cut off anywhere", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeEnvelope(bytes.subarray(0, length)), `${length} bytes`).toThrow(ContractViolation);
    }
  });

  test("any garbage behind a sound header, unless it is the very bytes of an envelope", () => {
    const tail = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 12 }));
    fc.assert(
      fc.property(tail, (garbage) => {
        const message = Buffer.concat([bytes.subarray(0, 10), garbage]);
        try {
          expect(encodeEnvelope(decodeEnvelope(message)).equals(message)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ContractViolation);
        }
      }),
      { numRuns: 2_000, interruptAfterTimeLimit: 2_000 },
    );
  });

  test.each([-1, 64, 1.5, 2 ** 31, Number.NaN])("slice %d, also when it is to be written", (slice) => {
    expect(() => encodeEnvelope({ ...watermark, slice })).toThrow(ContractViolation);
  });

  test("a slice beyond the last", () => {
    const at = encodeEnvelope(watermark).findIndex(
      (byte, i) => byte !== encodeEnvelope({ ...watermark, slice: 33 })[i],
    );
    const beyond = Buffer.concat([
      encodeEnvelope(watermark).subarray(0, at),
      Buffer.from([0x80, 0x01]),
      encodeEnvelope(watermark).subarray(at + 1),
    ]);
    expect(() => decodeEnvelope(beyond)).toThrow("Envelope.slice: expected 0..63");
  });
});

test("what is read from an envelope stays as it is when the message's buffer is used again", () => {
  const message = encodeEnvelope({ ...watermark, event });
  const read = decodeEnvelope(message);
  message.fill(0);
  expect(read.event?.data).toEqual(data);
});
