import type { KeyObject } from "node:crypto";
import { Claims } from "@taem/event-store";
import { type ReadTools, uniqueStreamOf } from "@taem/host";
import { fields, type MemberRef } from "@taem/http";
import { sliceOfMember } from "@taem/kernel";
import { LRUCache } from "lru-cache";
import {
  type MemberEnrolled,
  member as memberCategory,
  memberStream,
  type ReferenceReserved,
  referenceReservations,
} from "../events.ts";
import { MemberError } from "../problems.ts";

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
  readonly #hmacKey: KeyObject;
  readonly enrolments: Claims<MemberEnrolled>;
  readonly references: Claims<ReferenceReserved>;
  readonly #known = new LRUCache<string, Member>({ max: MEMBERS_REMEMBERED });

  constructor({ store, hmacKey }: Pick<ReadTools, "store" | "hmacKey">) {
    this.#hmacKey = hmacKey;
    this.enrolments = new Claims({ store, events: memberCategory.events });
    this.references = new Claims({ store, events: referenceReservations.events });
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
    const enrolled = id === undefined ? undefined : await this.enrolments.read(memberStream(id));
    if (enrolled?.programme !== programme) throw new MemberError("member_unknown");
    return this.learn(programme, ref, enrolled);
  }

  async #idOf(programme: string, externalId: string): Promise<string | undefined> {
    return (await this.references.first(this.streamsOf(programme, { externalId })))?.member;
  }

  /** Where the reservation of a reference lies, first, and where an earlier program may have put one for another spelling. */
  streamsOf(programme: string, enrolment: Enrolment): string[] {
    const hmacKey = this.#hmacKey;
    return "externalId" in enrolment
      ? fields
          .spellingsOf(enrolment.externalId)
          .map((id) => uniqueStreamOf(hmacKey, "external_id", programme, id))
      : fields
          .spellingsOf(enrolment.idempotencyKey)
          .map((key) => uniqueStreamOf(hmacKey, "enrolment_key", programme, enrolment.client, key));
  }

  /** Keeps in mind who a reference is. */
  learn(programme: string, ref: MemberRef, event: MemberEnrolled): Member {
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
