import {
  ContractViolation,
  catalogue,
  currentVersion,
  decodeMeta,
  decodeEvent as decodeStored,
  UnknownEventVersion,
} from "@taem/contracts";
import {
  decodeEnvelope,
  decodePayload,
  type Envelope,
  encodeEnvelope,
  encodePayload,
} from "@taem/contracts/avro";
import type { Position, RecordedEvent } from "@taem/event-store";
import type { Link, LinkedEvent } from "@taem/projection";
import type { Message } from "./event-publisher.ts";

/**
 * An event of the store as a message, in the current version of its type. Throws where this version of the program does not
 * know it.
 */
export function encodeEvent(record: RecordedEvent, previous: Position, installation: string): Message {
  const { id, type, stream, revision, slice, position, recordedAt } = record;
  const { actor, correlation, causation } = decodeMeta(record.meta);
  const decoded = decodeStored(record);
  const data = encodePayload(decoded);
  const version = currentVersion(decoded.type);
  const cause = causation === undefined ? {} : { causation };
  const event = { id, type, version, stream, revision, recordedAt, actor, correlation, ...cause, data };
  return { slice, value: encodeEnvelope({ installation, slice, position, previous, event }) };
}

/** Says that a slice holds nothing between two positions. */
export function encodeWatermark(
  { slice, position, previous }: Omit<Link, "event">,
  installation: string,
): Message {
  return { slice, value: encodeEnvelope({ installation, slice, position, previous }) };
}

/**
 * The link that a message carries; undefined for what is none of this installation's, or not as it was sent. Then something
 * is missing, which the chain shows and the store makes good.
 */
export function decodeLink(value: Buffer | null, installation: string): Link | undefined {
  if (value === null) return undefined;
  try {
    const { installation: of, slice, position, previous, event } = decodeEnvelope(value);
    if (of !== installation) return undefined;
    if (event === undefined) return { slice, position, previous };
    return { slice, position, previous, event: linkedEvent({ ...event, slice, position }) };
  } catch (error) {
    if (error instanceof ContractViolation) return undefined;
    throw error;
  }
}

type SentEvent = NonNullable<Envelope["event"]> & Pick<Envelope, "slice" | "position">;

function linkedEvent({
  id,
  type,
  stream,
  revision,
  slice,
  position,
  recordedAt,
  actor,
  correlation,
  data,
}: SentEvent): LinkedEvent {
  const record = { id, type, stream, revision, slice, position, recordedAt };
  try {
    if (!Object.hasOwn(catalogue, type)) throw new UnknownEventVersion(type);
    // Now, and not when it is asked for: what cannot be read must not be taken for the event.
    const event = decodePayload(type, data);
    return { record, actor, correlation, isKnown: () => true, decode: () => event };
  } catch (error) {
    if (!(error instanceof UnknownEventVersion)) throw error;
    const decode = () => {
      throw error;
    };
    return { record, actor, correlation, isKnown: () => false, decode };
  }
}
