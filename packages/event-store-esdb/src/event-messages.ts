import shared, { type StreamIdentifier } from "@eventstore/db-client/generated/shared_pb.js";
import type streams from "@eventstore/db-client/generated/streams_pb.js";
import type { ReadResp } from "@eventstore/db-client/generated/streams_pb.js";
import type { NewEvent, RecordedEvent } from "@taem/event-store";
import { toPosition } from "./positions.ts";

type RecordedMessage = ReadResp.ReadEvent.RecordedEvent;
type ProposedMessage = InstanceType<typeof streams.BatchAppendReq.ProposedMessage>;

const JSON_CONTENT = "application/json";
const META_BEGIN = '{"meta":';
const META_END = /,"slice":(\d{1,2})\}$/;
/** The type of the last event of a stream that was deleted for ever. */
const TOMBSTONE = "$streamDeleted";
const TICKS_PER_MILLISECOND_DIGITS = 4;

/** An event as it is sent: the texts of `data` and `meta` byte for byte, whatever JSON makes of them. */
export interface EncodedEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export function encodeEvent({ id, type, data, meta }: NewEvent, slice: number): EncodedEvent {
  return { id, type, data: bytesOf(data), metadata: bytesOf(`${META_BEGIN}${meta},"slice":${slice}}`) };
}

export function toProposed<Message extends ProposedMessage>(
  make: new () => Message,
  { id, type, data, metadata }: EncodedEvent,
): Message {
  const uuid = new shared.UUID();
  uuid.setString(id);
  const message = new make();
  message.setId(uuid);
  message.setData(data);
  message.setCustomMetadata(metadata);
  message.getMetadataMap().set("type", type).set("content-type", JSON_CONTENT);
  return message;
}

export function toIdentifier(stream: string): StreamIdentifier {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(bytesOf(stream));
  return identifier;
}

/** Undefined for what no store of ours wrote: it lies in a stream of ours, and says nothing that could be read. */
export function toRecorded(message: RecordedMessage): RecordedEvent | undefined {
  const metadata = textOf(message.getCustomMetadata_asU8());
  const [end, slice] = META_END.exec(metadata) ?? [];
  if (end === undefined || !metadata.startsWith(META_BEGIN)) return undefined;
  const system = message.getMetadataMap();
  return {
    id: message.getId()?.getString() ?? "",
    type: system.get("type") ?? "",
    data: textOf(message.getData_asU8()),
    meta: metadata.slice(META_BEGIN.length, -end.length),
    stream: streamOf(message),
    revision: Number(message.getStreamRevision()) + 1,
    position: positionOf(message),
    slice: Number(slice),
    recordedAt: Number((system.get("created") ?? "").slice(0, -TICKS_PER_MILLISECOND_DIGITS)),
  };
}

/** What there is where no event of ours is. Follows on where it is. */
export function foreignOf(message: RecordedMessage): { readonly stream: string; readonly what: string } {
  const type = message.getMetadataMap().get("type") ?? "";
  const what =
    type === TOMBSTONE ? "was deleted for ever" : `has an event, ${type}, that no program of this kind wrote`;
  return { stream: streamOf(message), what };
}

export function positionOf(message: RecordedMessage): string {
  return toPosition(message.getCommitPosition(), message.getPreparePosition());
}

/** Whether the store holds the very event that was sent. */
export function isSame(message: RecordedMessage, event: EncodedEvent): boolean {
  return (
    message.getId()?.getString() === event.id &&
    message.getMetadataMap().get("type") === event.type &&
    Buffer.compare(message.getData_asU8(), event.data) === 0 &&
    Buffer.compare(message.getCustomMetadata_asU8(), event.metadata) === 0
  );
}

export function streamOf(message: RecordedMessage): string {
  return textOf(message.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array());
}

export function bytesOf(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new TypeError("a text with half a surrogate pair has no bytes; escape it");
  return Buffer.from(text, "utf8");
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
