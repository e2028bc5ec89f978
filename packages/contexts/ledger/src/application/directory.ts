import { unlessRefused } from "@taem/host";
import type { MemberRef } from "@taem/http";
import type { Programme } from "@taem/programme/definitions";

/** Which programmes there are: their context knows, and the host hands it in. Each refuses with `programme_unknown`. */
export interface ProgrammeDirectory {
  /** A programme as it was read at some time: what it says of ids is true for ever. Undefined says nothing. */
  known(code: string): Programme | undefined;
  /** As `known`, from the store where need be. */
  named(code: string): Promise<Programme>;
  /** With its definitions as they were a moment ago at the earliest. */
  get(code: string): Promise<Programme>;
  /** With its definitions as they are now, whichever instance published or proposed them. */
  newest(code: string): Promise<Programme>;
  /** As they are now: before a request is refused for what it names. Asked often, it may wait a little. */
  lookAgain(programme: Programme): Promise<Programme>;
  /** By our id, as events name it. */
  byId(id: string): Promise<Programme>;
  /** Takes over what somebody else has read. */
  learn(programme: Programme): void;
}

export interface KnownMember {
  /** Ours. */
  readonly id: string;
  /** Of the streams that the member owns. */
  readonly slice: number;
  /** Milliseconds since the epoch. */
  readonly enrolledAt: number;
}

/** Who the members are, of a programme by our id: their context knows, and the host hands it in. */
export interface MemberDirectory {
  /** A member who was resolved before; undefined says nothing. */
  known(programme: string, ref: MemberRef): KnownMember | undefined;
  /** Refuses with `member_unknown`. */
  resolve(programme: string, ref: MemberRef): Promise<KnownMember>;
}

/** Who the programmes and members are, as queries ask: what is not there is undefined. */
export interface Directory {
  programme(code: string): Promise<Programme | undefined>;
  newestProgramme(code: string): Promise<Programme | undefined>;
  lookAgain(programme: Programme): Promise<Programme>;
  member(programme: Programme, ref: MemberRef): Promise<KnownMember | undefined>;
}

export function directoryOf(programmes: ProgrammeDirectory, members: MemberDirectory): Directory {
  return {
    programme: (code) => unlessRefused(programmes.get(code), "programme_unknown"),
    newestProgramme: (code) => unlessRefused(programmes.newest(code), "programme_unknown"),
    lookAgain: (programme) => programmes.lookAgain(programme),
    member: (programme, ref) => unlessRefused(members.resolve(programme.id, ref), "member_unknown"),
  };
}
