import type { MemberRef } from "@taem/http";
import type { Programme } from "@taem/programme/definitions";

export interface KnownMember {
  /** Ours. */
  readonly id: string;
  /** Of the member's events. */
  readonly slice: number;
  /** Milliseconds since the epoch. */
  readonly enrolledAt: number;
}

/** Who the programmes and members are. The write side knows; the ledger asks. */
export interface Directory {
  /** The programme with a code, with its definitions as they were a moment ago at the earliest. */
  programme(code: string): Promise<Programme | undefined>;
  /** With its definitions as they are now, whichever instance published or proposed them. */
  newestProgramme(code: string): Promise<Programme | undefined>;
  /** As they are now: before a request is refused for what it names. Asked often, it may wait a little. */
  lookAgain(programme: Programme): Promise<Programme>;
  member(programme: Programme, ref: MemberRef): Promise<KnownMember | undefined>;
}
