import { type AccountEvent, accountEvents } from "./account-events.ts";
import { type Codec, ContractViolation, codecOf } from "./canonical-json.ts";
import {
  type DefinitionEvent,
  definitionEvents,
  type MemberEvent,
  memberEvents,
} from "./definition-events.ts";
import { type Field, type Fields, integer, optional, record, text } from "./schema.ts";

/** Every event there is, by type. */
export const catalogue = { ...accountEvents, ...definitionEvents, ...memberEvents } as const;

export type TaemEvent = AccountEvent | DefinitionEvent | MemberEvent;
export type EventType = TaemEvent["type"];

/** Who asked, and what led to it. Kept beside the event's data. */
const metaFields = record({
  /** Schema version of the event's data. */
  v: integer,
  /** The API key's principal. */
  actor: text,
  correlation: text,
  causation: optional(text),
});

export interface EventMeta {
  readonly v: number;
  readonly actor: string;
  readonly correlation: string;
  readonly causation?: string;
}

export const metaCodec: Codec<EventMeta> = codecOf(metaFields as Field<EventMeta>, "meta");

type Body = Record<string, unknown>;

const codecs = new Map<string, Codec<Body>>(
  Object.entries(catalogue as Record<string, Fields>).map(([type, fields]) => [
    type,
    codecOf(record(fields) as Field<Body>, type),
  ]),
);

function codec(type: string): Codec<Body> {
  const found = codecs.get(type);
  if (found === undefined) throw new ContractViolation(type, "an event type of the catalogue");
  return found;
}

/** The event's data as canonical JSON; the type travels beside it. */
export function encodeEvent(event: TaemEvent): string {
  return codec(event.type).encode(event as unknown as Body);
}

/** Reads an event's data. Throws `ContractViolation` on anything that its description does not allow. */
export function decodeEvent(type: string, data: string): TaemEvent {
  const body = codec(type).decode(data);
  body["type"] = type;
  return body as unknown as TaemEvent;
}

export function isAccountEvent(event: TaemEvent): event is AccountEvent {
  return event.type in accountEvents;
}
