import { ContractViolation } from "../canonical-json.ts";
import type { TaemEvent } from "../catalogue.ts";
import { eventVersions } from "../history.ts";
import { type Body, type EventVersions, UnknownEventVersion, upcast } from "../versions.ts";
import { eventSchema } from "./event-schema.ts";
import type { AvroRecord } from "./schema.ts";
import { fingerprintOf, type SingleObjectCodec, singleObjectCodec } from "./single-object.ts";

/** Events on the wire, without what surrounds them: the `data` of an envelope. */

export interface EventSchema {
  readonly type: string;
  readonly version: number;
  readonly schema: AvroRecord;
}

/** The schemas of every version of every event type. */
export const eventSchemas: readonly EventSchema[] = [...eventVersions.values()].flatMap(
  ({ type, descriptions }) =>
    descriptions.map((fields, i) => ({ type, version: i + 1, schema: eventSchema(type, i + 1, fields) })),
);

interface PayloadVersion {
  readonly versions: EventVersions;
  readonly version: number;
  readonly codec: SingleObjectCodec<Body>;
}

const byFingerprint = new Map<string, PayloadVersion>();
const current = new Map<string, SingleObjectCodec<Body>>();

for (const { type, version, schema } of eventSchemas) {
  const versions = eventVersions.get(type) as EventVersions;
  const codec = singleObjectCodec<Body>(schema);
  const same = byFingerprint.get(codec.fingerprint);
  if (same !== undefined) {
    throw new Error(
      `${type} version ${version} has the schema of ${same.versions.type} version ${same.version}`,
    );
  }
  byFingerprint.set(codec.fingerprint, { versions, version, codec });
  if (version === versions.current) current.set(type, codec);
}

/**
 * An event in the current version of its type. Texts are taken to be well-formed, as in every event that was ever
 * encoded as JSON. Throws `ContractViolation` on what is no event of the catalogue.
 */
export function encodePayload(event: TaemEvent): Buffer {
  const codec = current.get(event.type);
  if (codec === undefined) throw new ContractViolation(event.type, "an event type of the catalogue");
  return codec.encode(event as unknown as Body);
}

/**
 * Reads an event of a type in any of its versions, as one of the current version. Throws `UnknownEventVersion` on a
 * schema that is not known, `ContractViolation` on anything else that `encodePayload` never made.
 */
export function decodePayload(type: string, bytes: Buffer): TaemEvent {
  const found = byFingerprint.get(fingerprintOf(type, bytes));
  if (found === undefined) {
    throw new UnknownEventVersion(`${type} with the schema ${bytes.toString("hex", 2, 10)}`);
  }
  const { versions, version, codec } = found;
  if (versions.type !== type)
    throw new ContractViolation(type, `its own schema, not that of ${versions.type}`);
  const body = upcast(versions, version, codec.decode(bytes));
  body["type"] = type;
  return body as unknown as TaemEvent;
}
