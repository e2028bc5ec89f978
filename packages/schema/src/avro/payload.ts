import { ContractViolation } from "../canonical-json.ts";
import type { DomainEvent, EventTypes } from "../event-types.ts";
import { type Body, type EventVersions, UnknownEventVersion, upcast } from "../versions.ts";
import { eventSchema } from "./event-schema.ts";
import type { AvroRecord } from "./schema.ts";
import { fingerprintOf, type SingleObjectCodec, singleObjectCodec } from "./single-object.ts";

/** A version of an event type, as it is on the wire. */
export interface EventSchema {
  readonly type: string;
  readonly version: number;
  readonly schema: AvroRecord;
}

/** The schemas of every version of these event types. */
export function eventSchemas(events: EventTypes): EventSchema[] {
  return events.versions.flatMap(({ type, descriptions }) =>
    descriptions.map((fields, i) => ({ type, version: i + 1, schema: eventSchema(type, i + 1, fields) })),
  );
}

interface PayloadVersion {
  readonly versions: EventVersions;
  readonly version: number;
  readonly codec: SingleObjectCodec<Body>;
}

/** Events on the wire, without what surrounds them: the `data` of an envelope. */
export class PayloadCodec<E extends DomainEvent = DomainEvent> {
  readonly #byFingerprint = new Map<string, PayloadVersion>();
  readonly #current = new Map<string, SingleObjectCodec<Body>>();

  /** Throws where two versions have one schema: nothing could tell them apart. */
  constructor(events: EventTypes<E>) {
    const known = new Map(events.versions.map((versions) => [versions.type, versions]));
    for (const { type, version, schema } of eventSchemas(events)) {
      const versions = known.get(type) as EventVersions;
      const codec = singleObjectCodec<Body>(schema);
      const same = this.#byFingerprint.get(codec.fingerprint);
      if (same !== undefined) {
        throw new Error(
          `${type} version ${version} has the schema of ${same.versions.type} version ${same.version}`,
        );
      }
      this.#byFingerprint.set(codec.fingerprint, { versions, version, codec });
      if (version === versions.current) this.#current.set(type, codec);
    }
  }

  /**
   * An event in the current version of its type. Texts are taken to be well-formed, as in every event that was ever
   * encoded as JSON. Throws `ContractViolation` on what is no event of the catalogue.
   */
  encode(event: E): Buffer {
    const codec = this.#current.get(event.type);
    if (codec === undefined) throw new ContractViolation(event.type, "an event type of the catalogue");
    return codec.encode(event as unknown as Body);
  }

  /**
   * Reads an event of a type in any of its versions, as one of the current version. Throws `UnknownEventVersion` on a
   * type or a schema that is not known, `ContractViolation` on anything else that `encode` never made.
   */
  decode(type: string, bytes: Buffer): E {
    if (!this.#current.has(type)) throw new UnknownEventVersion(type);
    const found = this.#byFingerprint.get(fingerprintOf(type, bytes));
    if (found === undefined) {
      throw new UnknownEventVersion(`${type} with the schema ${bytes.toString("hex", 2, 10)}`);
    }
    const { versions, version, codec } = found;
    if (versions.type !== type)
      throw new ContractViolation(type, `its own schema, not that of ${versions.type}`);
    const body = upcast(versions, version, codec.decode(bytes));
    body["type"] = type;
    return body as unknown as E;
  }
}
