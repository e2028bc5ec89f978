import { SLICES } from "@taem/kernel";
import { ContractViolation } from "../canonical-json.ts";
import { type AvroField, type AvroRecord, type AvroSchema, NAMESPACE } from "./schema.ts";
import { fingerprintOf, singleObjectCodec } from "./single-object.ts";

/** One message of a slice's chain: an event, or, without one, a watermark. */
export interface Envelope {
  /** UUID of the installation whose log it is. */
  readonly installation: string;
  /** 0..63. */
  readonly slice: number;
  readonly position: string;
  /** Position of the slice's message before; empty at its start. */
  readonly previous: string;
  readonly event?: EnvelopeEvent;
}

export interface EnvelopeEvent {
  /** UUID. */
  readonly id: string;
  readonly type: string;
  /** Schema version of `data`. */
  readonly version: number;
  readonly stream: string;
  readonly revision: number;
  /** Milliseconds since the epoch. */
  readonly recordedAt: number;
  readonly actor: string;
  readonly correlation: string;
  readonly causation?: string;
  /** The event itself, as `encodePayload` writes it. */
  readonly data: Buffer;
}

const UUID: AvroSchema = { type: "string", logicalType: "uuid" };
const INSTANT: AvroSchema = { type: "long", logicalType: "timestamp-millis" };

const eventFields: readonly AvroField[] = [
  { name: "id", type: UUID },
  { name: "type", type: "string", doc: "Name of the schema of data, without its namespace." },
  { name: "version", type: "int", doc: "Version of that schema." },
  { name: "stream", type: "string" },
  { name: "revision", type: "long", doc: "Place in the stream, from 1." },
  { name: "recordedAt", type: INSTANT },
  { name: "actor", type: "string", doc: "Principal of the API key that caused it." },
  { name: "correlation", type: "string" },
  { name: "causation", type: ["null", "string"], default: null, doc: "Id of the event that led to it." },
  { name: "data", type: "bytes", doc: "The event, in single-object encoding." },
];

/** Version 1, and the only one there has been. */
export const envelopeSchema: AvroRecord = {
  type: "record",
  name: "Envelope",
  namespace: NAMESPACE,
  doc: "One message of a slice's chain. Every message names the position of the one before it.",
  fields: [
    { name: "installation", type: UUID, doc: "The installation whose log it is." },
    { name: "slice", type: "int", doc: "0..63." },
    { name: "position", type: "string", doc: "Of constant width, in the order of the log." },
    { name: "previous", type: "string", doc: "Position of the slice's message before; empty at its start." },
    {
      name: "event",
      type: ["null", { type: "record", name: "EnvelopeEvent", fields: eventFields }],
      default: null,
      doc: "Without one it is a watermark: the slice holds nothing after previous and up to position.",
    },
  ],
};

const codec = singleObjectCodec<Envelope>(envelopeSchema);

/** Throws `ContractViolation` on what is no envelope. */
export function encodeEnvelope(envelope: Envelope): Buffer {
  return codec.encode(checked(envelope));
}

/** Throws `ContractViolation` on anything that `encodeEnvelope` never made. What is in `data` is not looked at. */
export function decodeEnvelope(bytes: Buffer): Envelope {
  if (fingerprintOf("Envelope", bytes) === codec.fingerprint) return checked(codec.decode(bytes));
  throw new ContractViolation("Envelope", "the schema of an envelope");
}

function checked(envelope: Envelope): Envelope {
  if (envelope.slice >= 0 && envelope.slice < SLICES) return envelope;
  throw new ContractViolation("Envelope.slice", `0..${SLICES - 1}`);
}
