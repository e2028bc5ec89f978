import type { CommandHandler } from "@taem/event-store";
import { type Caller, claimantOf } from "@taem/host";
import { sliceOfMember, sliceOfName } from "@taem/kernel";
import { type MemberEnrolled, memberStream, type ReferenceReserved } from "../events.ts";
import type { Enrolment, Member, Members } from "./members.ts";

export interface EnrolmentTools {
  /** The command handler of the process. */
  handler(): CommandHandler;
  /** Ids of ours, in the order of their making. */
  readonly newId: () => string;
}

/** Makes members. */
export class Enrolments {
  readonly #tools: EnrolmentTools;
  readonly #members: Members;

  constructor(tools: EnrolmentTools, members: Members) {
    this.#tools = tools;
    this.#members = members;
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
    const handler = this.#tools.handler();
    const fresh = this.#tools.newId();
    const kind = "externalId" in enrolment ? "external_id" : "enrolment_key";
    const reservation: ReferenceReserved = { type: "ReferenceReserved", programme, member: fresh, kind };
    const streams = this.#members.streamsOf(programme, enrolment);
    const existing = streams.length === 1 ? undefined : await this.#members.references.first(streams);
    const stream = streams[0] as string;
    const { member: id } =
      existing ??
      (await this.#members.references.claim(
        handler,
        { stream, slice: sliceOfName(stream) },
        reservation,
        claimantOf(caller),
      ));
    const event: MemberEnrolled = { type: "MemberEnrolled", programme, member: id, enrolledAt };
    const place = { stream: memberStream(id), slice: sliceOfMember(programme, id) };
    const enrolled = await this.#members.enrolments.claim(handler, place, event, claimantOf(caller));
    const member = this.#members.learn(programme, { id }, enrolled);
    if ("externalId" in enrolment) this.#members.learn(programme, enrolment, enrolled);
    return { member, isNew: id === fresh };
  }
}
