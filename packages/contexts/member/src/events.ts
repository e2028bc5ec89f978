import {
  type Category,
  choice,
  defineEvents,
  type EventIn,
  instant,
  streamOf,
  text,
  UNIQUE,
} from "@taem/schema";

/** Events of members, and of what must be theirs alone. */

const descriptions = {
  MemberEnrolled: { programme: text, member: text, enrolledAt: instant },
} as const;

export type MemberEnrolled = EventIn<typeof descriptions>;

export const member: Category<MemberEnrolled> = {
  name: "member",
  owner: "member",
  events: defineEvents(descriptions),
};

export function memberStream(id: string): string {
  return streamOf(member, id);
}

const referenceDescriptions = {
  /** A value that must be unique in the programme now belongs to the member; the stream is named by its HMAC. */
  ReferenceReserved: { programme: text, member: text, kind: choice("external_id", "enrolment_key") },
} as const;

export type ReferenceReserved = EventIn<typeof referenceDescriptions>;

export const referenceReservations: Category<ReferenceReserved> = {
  ...UNIQUE,
  events: defineEvents(referenceDescriptions),
};
