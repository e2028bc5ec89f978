import { type AccountEvent, accountEvents } from "./account-events.ts";
import { type ClientEvent, clientEvents } from "./client-events.ts";
import {
  type DefinitionEvent,
  definitionEvents,
  type MemberEvent,
  memberEvents,
} from "./definition-events.ts";
import { type InstallationEvent, installationEvents } from "./installation-events.ts";

/** Every event there is, by type, in its current version. */
export const catalogue = {
  ...accountEvents,
  ...definitionEvents,
  ...memberEvents,
  ...clientEvents,
  ...installationEvents,
} as const;

export type TaemEvent = AccountEvent | DefinitionEvent | MemberEvent | ClientEvent | InstallationEvent;
export type EventType = TaemEvent["type"];

export function isAccountEvent(event: TaemEvent): event is AccountEvent {
  return event.type in accountEvents;
}
