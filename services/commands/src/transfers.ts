import type { AccountEvent } from "@taem/contracts";
import type { ReceiveTransfer, ReturnTransfer, Transfer } from "@taem/domain";
import { HandlerRefusal, StoreUnavailable } from "@taem/event-store";
import type { Accepted, AccountRef, Accounts, Outcome } from "./accounts.ts";
import type { Member } from "./members.ts";
import type { Caller } from "./platform.ts";

type TransferOut = AccountEvent<"TransferOut">;

/**
 * A transfer is two appends on two streams. `TransferOut` carries the whole plan; the target accepts it or records its
 * refusal under the transfer's key, so that only one of the two can ever be; only a recorded refusal sends the points
 * back. Every step is keyed, so that whoever repeats one (the caller, the scheduler) completes it and nothing twice.
 */
export class Transfers {
  readonly #accounts: Accounts;
  readonly #resolve: (programme: string, id: string) => Promise<Member>;

  constructor(accounts: Accounts, resolve: (programme: string, id: string) => Promise<Member>) {
    this.#accounts = accounts;
    this.#resolve = resolve;
  }

  /** Both legs. The answer is the first leg's, or the target's refusal once the points are back. */
  async transfer(source: AccountRef, command: Transfer, caller: Caller): Promise<Outcome> {
    const out = await this.#accounts.execute(source, command, caller);
    if ("refused" in out) return out;
    const legs = out.events as readonly TransferOut[];
    const completion = await this.complete(source, legs, caller).catch(rethrowHalfDone);
    return "refused" in completion ? completion : out;
  }

  /** Brings a transfer to its end from its first leg: idempotent, for the caller's retry and the scheduler alike. */
  async complete(source: AccountRef, legs: readonly TransferOut[], caller: Caller): Promise<Outcome> {
    const [first] = legs;
    if (first === undefined) throw new Error("a transfer has at least one event");
    const target: AccountRef = { ...source, member: await this.#resolve(source.programme.id, first.to) };
    const received = await this.#accounts.execute(target, receiveOf(source, legs), caller);
    if ("refused" in received) return received;
    const refused = received.events.find((event) => event.type === "TransferInRefused");
    return refused === undefined ? received : this.#sendBack(source, legs, refused.refusal, received, caller);
  }

  async #sendBack(
    source: AccountRef,
    legs: readonly TransferOut[],
    refusal: string,
    received: Accepted,
    caller: Caller,
  ): Promise<Outcome> {
    const [first] = legs as readonly [TransferOut, ...TransferOut[]];
    const command: ReturnTransfer = {
      type: "return_transfer",
      transfer: first.transfer,
      out: first.key,
      takes: legs.flatMap((leg) => leg.takes),
      refusal,
      effectiveAt: received.events[0]?.effectiveAt ?? first.effectiveAt,
    };
    const returned = await this.#accounts.execute(source, command, caller);
    if ("refused" in returned) return returned;
    return {
      refused: {
        code: "balance_limit_exceeded",
        detail: "the target would pass the programme's balance limit; the points were returned",
      },
    };
  }
}

/** The first leg stands: whatever kept the second from being tried, it is not true that nothing was done. */
function rethrowHalfDone(error: unknown): never {
  if (!(error instanceof HandlerRefusal) && !(error instanceof StoreUnavailable)) throw error;
  throw new HandlerRefusal(
    "outcome_unknown",
    "the points have left the source and are under way; repeat with the same key",
  );
}

function receiveOf(source: AccountRef, legs: readonly TransferOut[]): ReceiveTransfer {
  const [first] = legs as readonly [TransferOut, ...TransferOut[]];
  return {
    type: "receive_transfer",
    transfer: first.transfer,
    from: source.member.id,
    lots: legs.flatMap((leg) => leg.plan),
    effectiveAt: first.effectiveAt,
  };
}
