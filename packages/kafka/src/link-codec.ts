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
import type { Landmark, Link, LinkedEvent } from "@taem/projection";
import type { KafkaMessage } from "kafkajs";
import type { Message } from "./event-publisher.ts";

/** Of a message, as the client hands them over. */
type Headers = NonNullable<KafkaMessage["headers"]>;

const LANDMARK = "landmark";
const LANDMARK_TEXT = /^([1-9]\d{0,8}) ([0-9a-f-]{36}) (\S{1,200})$/;

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

/**
 * Says that a slice holds nothing between two positions. Which event lies at the position goes beside it, in a header: it is
 * nothing that a reader of the events needs.
 */
export function encodeWatermark(
  { slice, position, previous, landmark }: Omit<Link, "event">,
  installation: string,
): Message {
  const value = encodeEnvelope({ installation, slice, position, previous });
  return landmark === undefined
    ? { slice, value }
    : { slice, value, headers: { [LANDMARK]: `${landmark.revision} ${landmark.id} ${landmark.stream}` } };
}

/**
 * The link that a message carries; undefined for what is none of this installation's, or not as it was sent. Then something
 * is missing, which the chain shows and the store makes good.
 */
export function decodeLink(
  value: Buffer | null,
  installation: string,
  headers: Headers = {},
): Link | undefined {
  if (value === null) return undefined;
  try {
    const { installation: of, slice, position, previous, event } = decodeEnvelope(value);
    if (of !== installation) return undefined;
    if (event === undefined) return { slice, position, previous, landmark: landmarkIn(headers, position) };
    return { slice, position, previous, event: linkedEvent({ ...event, slice, position }) };
  } catch (error) {
    if (error instanceof ContractViolation) return undefined;
    throw error;
  }
}

/** Undefined where there is none, as earlier programs sent it, or none that can be one. */
function landmarkIn(headers: Headers, position: Position): Landmark | undefined {
  const [, revision, id, stream] = LANDMARK_TEXT.exec(String(headers[LANDMARK] ?? "")) ?? [];
  if (revision === undefined || id === undefined || stream === undefined) return undefined;
  return { position, stream, revision: Number(revision), id };
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
