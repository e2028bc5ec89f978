import { createSecretKey, randomBytes, randomUUID } from "node:crypto";
import { createCatalogue, defineEvents, instant, text } from "@taem/schema";
import { type Envelope, encodeEnvelope, PayloadCodec } from "@taem/schema/avro";
import { expect, test } from "vitest";
import type { Message } from "../src/event-publisher.ts";
import { LinkCodec } from "../src/link-codec.ts";
import { Seal } from "../src/seal.ts";

const INSTALLATION = randomUUID();
const events = defineEvents({
  MemberEnrolled: { programme: text, member: text, enrolledAt: instant },
  ClockSet: { programme: text, at: instant },
});
const catalogue = createCatalogue([{ name: "member", owner: "member", events }]);
const payloads = new PayloadCodec(events);
const OWN = { catalogue, installation: INSTALLATION, key: createSecretKey(randomBytes(32)), topic: "events" };
const codec = new LinkCodec(OWN);
const seal = new Seal(OWN.key, OWN.topic);
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
const sent = codec.encode(RECORD, "0000000000000004");
const { slice, value } = sent;
const MARK = {
  slice: 3,
  position: "0000000000000009",
  previous: "0000000000000002",
  landmark: { position: "0000000000000009", stream: "taem.member-m", revision: 3, id: RECORD.id },
};

const read = ({ value, headers }: Pick<Message, "value" | "headers">, by = codec) =>
  by.decode(value, headers);

/** A message of ours about an event of which this program knows nothing more than this. */
function messageOf(about: { type?: string; data?: Buffer }) {
  const event = {
    ...WHERE,
    version: 1,
    actor: "a",
    correlation: "c",
    data: payloads.encode(EVENT),
    ...about,
  };
  const { position } = WHERE;
  return sealed({ installation: INSTALLATION, slice, position, previous: "", event });
}

function sealed(envelope: Envelope) {
  const value = encodeEnvelope(envelope);
  return { value, headers: { seal: seal.of(value, "") } };
}

function linkOf(message: Pick<Message, "value" | "headers">) {
  const link = read(message);
  if (typeof link === "string") throw new Error(`left out: ${link}`);
  return link;
}

test("an event is read back with its place in the log and in its slice's chain", () => {
  const link = linkOf(sent);
  expect(link).toMatchObject({ slice: 17, position: RECORD.position, previous: "0000000000000004" });
  expect(link.event?.record).toEqual(WHERE);
  expect([
    link.event?.isKnown(events),
    link.event?.decode(events),
    link.event?.provenance.correlation,
  ]).toEqual([true, EVENT, "c-1"]);
});

test("a watermark is read back as one, with the event at its position", () => {
  expect(read(codec.encodeWatermark(MARK))).toEqual(MARK);
  const { landmark: _, ...bare } = MARK;
  expect(read(codec.encodeWatermark(bare))).toEqual({ ...bare, landmark: undefined });
});

test("what another installation sent, or this one to another topic, is left out", () => {
  expect(read(sent, new LinkCodec({ ...OWN, key: createSecretKey(randomBytes(32)) }))).toBe("forged");
  expect(read(sent, new LinkCodec({ ...OWN, installation: randomUUID() }))).toBe("forged");
  expect(read(sent, new LinkCodec({ ...OWN, topic: "others" }))).toBe("forged");
});

test("what has no seal is left out: an earlier program has sent it, or somebody else", () => {
  expect(codec.decode(value)).toBe("unsealed");
  expect(codec.decode(null)).toBe("unsealed");
});

test("what was cut off, added to, or changed in any bit is left out", () => {
  const { headers } = sent;
  const damaged = [null, Buffer.alloc(0), value.subarray(0, -1), Buffer.concat([value, Buffer.of(0)])];
  for (const each of damaged) expect(codec.decode(each, headers)).toBe("forged");
  for (let bit = 0; bit < value.length * 8; bit++)
    expect(codec.decode(flipped(value, bit), headers)).toBe("forged");
  const mac = headers["seal"] as Buffer;
  for (let bit = 0; bit < mac.length * 8; bit++)
    expect(codec.decode(value, { seal: flipped(mac, bit) })).toBe("forged");
  for (const other of ["", mac.toString("latin1"), mac.subarray(0, 8), [mac, mac]])
    expect(codec.decode(value, { seal: other })).toBe("forged");
});

test("what goes beside a watermark is sealed with it", () => {
  const { value, headers } = codec.encodeWatermark(MARK);
  const text = String(headers["landmark"]);
  expect(codec.decode(value, { seal: headers["seal"] })).toBe("forged");
  expect(codec.decode(value, { ...headers, landmark: text.replace("3", "4") })).toBe("forged");
  const moved = Buffer.concat([Buffer.from(text.slice(-1)), value]);
  expect(codec.decode(moved, { ...headers, landmark: text.slice(0, -1) })).toBe("forged");
});

function flipped(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
  return changed;
}

test("an event whose data is not what its type says is left out: the store has the true one", () => {
  expect(read(messageOf({ data: Buffer.from("{}") }))).toBe("unreadable");
  expect(read(messageOf({ type: "ClockSet" }))).toBe("unreadable");
  const nothing = Buffer.from("{}");
  expect(read({ value: nothing, headers: { seal: seal.of(nothing, "") } })).toBe("unreadable");
});

test("an event of a type or version to come is told to be unknown, with its place", () => {
  const ofVersionToCome = Buffer.concat([Buffer.of(0xc3, 0x01), Buffer.alloc(8, 7), Buffer.of(0)]);
  for (const about of [{ type: "PointsInvented" }, { data: ofVersionToCome }]) {
    const link = linkOf(messageOf(about));
    expect(link.event?.isKnown(events)).toBe(false);
    expect(link.event?.record).toMatchObject({ position: RECORD.position, slice: 17 });
    expect(() => link.event?.decode(events)).toThrow(
      expect.objectContaining({ code: "unknown_event_version" }),
    );
  }
});
