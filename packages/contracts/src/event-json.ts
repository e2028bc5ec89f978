import { type Codec, ContractViolation, codecOf } from "./canonical-json.ts";
import type { EventType, TaemEvent } from "./catalogue.ts";
import { eventVersions } from "./history.ts";
import { type Field, type Fields, integer, optional, record, text } from "./schema.ts";
import { type Body, type EventVersions, UnknownEventVersion, upcast, versionIn } from "./versions.ts";

/** Who asked, and what led to it. */
export interface Provenance {
  /** The API key's principal. */
  readonly actor: string;
  readonly correlation: string;
  readonly causation?: string;
}

/** Kept beside the event's data. */
export interface EventMeta extends Provenance {
  /** Schema version of the event's data. */
  readonly v: number;
}

const metaCodec: Codec<EventMeta> = codecOf(
  record({ v: integer, actor: text, correlation: text, causation: optional(text) }) as Field<EventMeta>,
  "meta",
);

/** An event as a store keeps it. */
export interface EncodedEvent {
  readonly type: string;
  /** Canonical JSON of the event's fields. */
  readonly data: string;
  /** Canonical JSON of its `EventMeta`. */
  readonly meta: string;
}

interface TypeCodec {
  readonly versions: EventVersions;
  /** By version - 1. */
  readonly bodies: readonly Codec<Body>[];
  readonly current: Codec<Body>;
  /** How the meta of an event of the current version ends: all that most events need to be asked. */
  readonly currentEnd: string;
}

const codecs = new Map(
  [...eventVersions].map(([type, known]): [string, TypeCodec] => {
    const bodies = known.descriptions.map((fields) => codecOf(record(fields) as Field<Body>, type));
    const current = bodies[known.current - 1] as Codec<Body>;
    return [type, { versions: known, bodies, current, currentEnd: `,"v":${known.current}}` }];
  }),
);

function codec(type: string): TypeCodec {
  const found = codecs.get(type);
  if (found === undefined) throw new ContractViolation(type, "an event type of the catalogue");
  return found;
}

/** The event's data as canonical JSON, in the current version; type and version travel beside it. */
export function encodeEvent(event: TaemEvent): string {
  return codec(event.type).current.encode(event as unknown as Body);
}

/** The meta of an event of a type, with the version in which `encodeEvent` writes it. */
export function encodeMeta(type: EventType, { actor, correlation, causation }: Provenance): string {
  const about = { v: currentVersion(type), actor, correlation };
  return metaCodec.encode(causation === undefined ? about : { ...about, causation });
}

/** Throws `ContractViolation`. */
export function decodeMeta(meta: string): EventMeta {
  return metaCodec.decode(meta);
}

/**
 * Reads an event of any version, as one of the current version. Throws `ContractViolation` on anything that the
 * description of its version does not allow, `UnknownEventVersion` on a version to come.
 */
export function decodeEvent({ type, data, meta }: EncodedEvent): TaemEvent {
  const { current, currentEnd, bodies, versions: known } = codec(type);
  if (meta.endsWith(currentEnd)) return eventOf(type, current.decode(data));
  const version = versionIn(meta);
  const earlier = bodies[version - 1];
  if (earlier === undefined) throw new UnknownEventVersion(`${type} version ${version}`);
  return eventOf(type, upcast(known, version, earlier.decode(data)));
}

function eventOf(type: string, body: Body): TaemEvent {
  body["type"] = type;
  return body as unknown as TaemEvent;
}

/**
 * Whether this program can know how to read an event: its type is in the catalogue and its version not above the
 * current one. What says no version at all is not unknown but wrong: `decodeEvent` refuses it.
 */
export function isKnownEvent({ type, meta }: Pick<EncodedEvent, "type" | "meta">): boolean {
  const found = codecs.get(type);
  return found !== undefined && (meta.endsWith(found.currentEnd) || !isAbove(found.versions.current, meta));
}

function isAbove(version: number, meta: string): boolean {
  try {
    return versionIn(meta) > version;
  } catch {
    return false;
  }
}

/** The version in which events of a type are written, as JSON and on the wire. */
export function currentVersion(type: EventType): number {
  return codec(type).versions.current;
}

/** The fields of a type in a version; undefined for what is not known. */
export function descriptionOf(type: string, version: number): Fields | undefined {
  return eventVersions.get(type)?.descriptions[version - 1];
}
