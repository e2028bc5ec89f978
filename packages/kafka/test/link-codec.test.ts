import { randomUUID } from "node:crypto";
import { createCatalogue, defineEvents, instant, text } from "@taem/schema";
import { encodeEnvelope, PayloadCodec } from "@taem/schema/avro";
import { expect, test } from "vitest";
import { LinkCodec } from "../src/link-codec.ts";

const INSTALLATION = randomUUID();
const events = defineEvents({
  MemberEnrolled: { programme: text, member: text, enrolledAt: instant },
  ClockSet: { programme: text, at: instant },
});
const catalogue = createCatalogue([{ name: "member", owner: "member", events }]);
const payloads = new PayloadCodec(events);
const codec = new LinkCodec(catalogue, INSTALLATION);
const EVENT = { type: "MemberEnrolled", programme: "p", member: "m", enrolledAt: 17 } as const;
const RECORD = {
  id: randomUUID(),
  type: EVENT.type,
  data: events.encode(EVENT),
  meta: events.encodeMeta(EVENT.type, { actor: "till-1", correlation: "c-1", causation: "e-1" }),
  stream: "taem.member-m",
  revision: 3,
  position: "0000000000000009",
  slice: 17,
  recordedAt: 1_772_427_600_000,
};
const { data: _data, meta: _meta, ...WHERE } = RECORD;
const { slice, value } = codec.encode(RECORD, "0000000000000004");

/** A message of ours about an event of which this program knows nothing more than this. */
function messageOf(about: { type?: string; data?: Buffer }): Buffer {
  const event = {
    ...WHERE,
    version: 1,
    actor: "a",
    correlation: "c",
    data: payloads.encode(EVENT),
    ...about,
  };
  const { position } = WHERE;
  return encodeEnvelope({ installation: INSTALLATION, slice, position, previous: "", event });
}

test("an event is read back with its place in the log and in its slice's chain", () => {
  const link = codec.decode(value);
  expect(link).toMatchObject({ slice: 17, position: RECORD.position, previous: "0000000000000004" });
  expect(link?.event?.record).toEqual(WHERE);
  expect([
    link?.event?.isKnown(events),
    link?.event?.decode(events),
    link?.event?.provenance.correlation,
  ]).toEqual([true, EVENT, "c-1"]);
});

test("a watermark is read back as one", () => {
  const watermark = { slice: 3, position: "0000000000000009", previous: "0000000000000002" };
  expect(codec.decode(codec.encodeWatermark(watermark).value)).toEqual(watermark);
});

test("what another installation sent is left out", () => {
  expect(new LinkCodec(catalogue, randomUUID()).decode(value)).toBeUndefined();
});

test("what was cut off, added to, or changed in any byte is left out, or is no other event", () => {
  for (const damaged of [
    null,
    Buffer.alloc(0),
    value.subarray(0, -1),
    Buffer.concat([value, Buffer.of(0)]),
  ]) {
    expect(codec.decode(damaged)).toBeUndefined();
  }
  for (let i = 0; i < 10; i++) {
    const flipped = Buffer.from(value);
    flipped[i] = (flipped[i] as number) ^ 1;
    expect(codec.decode(flipped)).toBeUndefined();
  }
});

test("an event whose data is not what its type says is left out: the store has the true one", () => {
  expect(codec.decode(messageOf({ data: Buffer.from("{}") }))).toBeUndefined();
  expect(codec.decode(messageOf({ type: "ClockSet" }))).toBeUndefined();
});

test("an event of a type or version to come is told to be unknown, with its place", () => {
  const ofVersionToCome = Buffer.concat([Buffer.of(0xc3, 0x01), Buffer.alloc(8, 7), Buffer.of(0)]);
  for (const about of [{ type: "PointsInvented" }, { data: ofVersionToCome }]) {
    const link = codec.decode(messageOf(about));
    expect(link?.event?.isKnown(events)).toBe(false);
    expect(link?.event?.record).toMatchObject({ position: RECORD.position, slice: 17 });
    expect(() => link?.event?.decode(events)).toThrow(
      expect.objectContaining({ code: "unknown_event_version" }),
    );
  }
});
