import { type AccountEvent, accountEvents } from "./account-events.ts";
import {
  type DefinitionEvent,
  definitionEvents,
  type MemberEvent,
  memberEvents,
} from "./definition-events.ts";

/** Every event there is, by type, in its current version. */
export const catalogue = { ...accountEvents, ...definitionEvents, ...memberEvents } as const;

export type TaemEvent = AccountEvent | DefinitionEvent | MemberEvent;
export type EventType = TaemEvent["type"];

export function isAccountEvent(event: TaemEvent): event is AccountEvent {
  return event.type in accountEvents;
}
