import { Claims } from "@taem/event-store";
import { ApiError, fields, type MemberRef } from "@taem/http";
import { sliceOfMember, sliceOfName } from "@taem/kernel";
import {
  type MemberEnrolled,
  member as memberCategory,
  memberStream,
  type ReferenceReserved,
  referenceReservations,
} from "@taem/member/events";
import { LRUCache } from "lru-cache";
import { type Caller, claimantOf, type Toolbox, uniqueStreamOf } from "./platform.ts";

export interface Member {
  readonly id: string;
  /** Of the streams that the member owns. */
  readonly slice: number;
  /** Milliseconds since the epoch. */
  readonly enrolledAt: number;
}

/** What makes a repeated enrolment recognisable. */
export type Enrolment =
  | { readonly externalId: string }
  | { readonly client: string; readonly idempotencyKey: string };

const MEMBERS_REMEMBERED = 100_000;

/** Who the members are. An enrolment never changes, so what was found once is true for ever. */
export class Members {
  readonly #tools: Toolbox;
  readonly #enrolments: Claims<MemberEnrolled>;
  readonly #references: Claims<ReferenceReserved>;
  readonly #known = new LRUCache<string, Member>({ max: MEMBERS_REMEMBERED });

  constructor(tools: Toolbox) {
    this.#tools = tools;
    this.#enrolments = new Claims({ ...tools, events: memberCategory.events });
    this.#references = new Claims({ ...tools, events: referenceReservations.events });
  }

  /**
   * Enrols a member. What tells one enrolment from another is reserved first: whoever asks again, or asks at the same
   * time, gets the member who has it.
   */
  async enrol(
    programme: string,
    enrolment: Enrolment,
    enrolledAt: number,
    caller: Caller,
  ): Promise<{ readonly member: Member; readonly isNew: boolean }> {
    const fresh = this.#tools.newId();
    const kind = "externalId" in enrolment ? "external_id" : "enrolment_key";
    const reservation: ReferenceReserved = { type: "ReferenceReserved", programme, member: fresh, kind };
    const streams = this.#streamsOf(programme, enrolment);
    const standing = streams.length === 1 ? undefined : await this.#references.first(streams);
    const stream = streams[0] as string;
    const { member: id } =
      standing ??
      (await this.#references.claim({ stream, slice: sliceOfName(stream) }, reservation, claimantOf(caller)));
    const event: MemberEnrolled = { type: "MemberEnrolled", programme, member: id, enrolledAt };
    const place = { stream: memberStream(id), slice: sliceOfMember(programme, id) };
    const enrolled = await this.#enrolments.claim(place, event, claimantOf(caller));
    const member = this.#remember(programme, { id }, enrolled);
    if ("externalId" in enrolment) this.#known.set(nameOf(programme, enrolment), member);
    return { member, isNew: id === fresh };
  }

  /** A member who was resolved before; undefined says nothing. */
  known(programme: string, ref: MemberRef): Member | undefined {
    return this.#known.get(nameOf(programme, ref));
  }

  /** Refuses with `member_unknown`. */
  async resolve(programme: string, ref: MemberRef): Promise<Member> {
    const known = this.known(programme, ref);
    if (known !== undefined) return known;
    const id = "id" in ref ? ref.id : await this.#idOf(programme, ref.externalId);
    const enrolled = id === undefined ? undefined : await this.#enrolments.read(memberStream(id));
    if (enrolled?.programme !== programme) throw new ApiError("member_unknown");
    return this.#remember(programme, ref, enrolled);
  }

  async #idOf(programme: string, externalId: string): Promise<string | undefined> {
    return (await this.#references.first(this.#streamsOf(programme, { externalId })))?.member;
  }

  /** Where the reservation lies, first, and where an earlier program may have put one for another spelling. */
  #streamsOf(programme: string, enrolment: Enrolment): string[] {
    const { hmacKey } = this.#tools;
    return "externalId" in enrolment
      ? fields
          .spellingsOf(enrolment.externalId)
          .map((id) => uniqueStreamOf(hmacKey, "external_id", programme, id))
      : fields
          .spellingsOf(enrolment.idempotencyKey)
          .map((key) => uniqueStreamOf(hmacKey, "enrolment_key", programme, enrolment.client, key));
  }

  #remember(programme: string, ref: MemberRef, event: MemberEnrolled): Member {
    const member = {
      id: event.member,
      slice: sliceOfMember(programme, event.member),
      enrolledAt: event.enrolledAt,
    };
    this.#known.set(nameOf(programme, ref), member);
    return member;
  }
}

function nameOf(programme: string, ref: MemberRef): string {
  return `${programme} ${"id" in ref ? ref.id : `ext:${fields.canonicalName(ref.externalId)}`}`;
}
