import { type MemberEnrolled, member, memberStream } from "@taem/member/events";
import { type ClientEvent, clientEvents, clientStream } from "@taem/principal/events";
import type { EventRecord } from "@taem/processing";
import { type DefinitionEvent, definitionEvents, programmeStream } from "@taem/programme/events";
import { EventTypes } from "@taem/schema";
import type { Row } from "./tables.ts";

/** The event that a programme, a member or a client begins with. */
export type FirstEvent = DefinitionEvent<"ProgrammeDefined"> | MemberEnrolled | ClientEvent<"ClientCreated">;

/** The tables that say what there is: each of their rows is made by one event, and stays. */
export const REGISTERS = ["programmes", "members", "clients"] as const;
export type Register = (typeof REGISTERS)[number];

export interface Entry {
  readonly register: Register;
  readonly row: Row;
}

export const firstEvents = EventTypes.join<FirstEvent>(
  definitionEvents.only("ProgrammeDefined"),
  member.events,
  clientEvents.only("ClientCreated"),
);

export function isFirstEvent(type: string): type is FirstEvent["type"] {
  return firstEvents.has(type);
}

/** Undefined in a stream of another kind: a programme's code is reserved by the same event, before there is a programme. */
export function entryOf({ stream, slice, position }: EventRecord, event: FirstEvent): Entry | undefined {
  switch (event.type) {
    case "ProgrammeDefined": {
      const { programme, code } = event;
      if (stream !== programmeStream(programme)) return undefined;
      return { register: "programmes", row: [slice, programme, code, position] };
    }
    case "MemberEnrolled": {
      const { programme, member, enrolledAt } = event;
      if (stream !== memberStream(member)) return undefined;
      return { register: "members", row: [slice, programme, member, enrolledAt, position] };
    }
    case "ClientCreated": {
      const { client, programme } = event;
      if (stream !== clientStream(client)) return undefined;
      return { register: "clients", row: [slice, client, programme, position] };
    }
  }
}
