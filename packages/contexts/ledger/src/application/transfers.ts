import { HandlerRefusal, StoreUnavailable } from "@taem/event-store";
import { type AccountCommand, keyOf, type ReceiveTransfer, type ReturnTransfer } from "../domain/index.ts";
import type { AccountEvent } from "../events.ts";
import type { Accounts } from "./accounts.ts";
import type { KnownMember } from "./directory.ts";
import type { Accepted, AccountRef, CommandCaller, Outcome, Wish } from "./wish.ts";

type TransferOut = AccountEvent<"TransferOut">;

/** Where a command wrote. */
export interface Written {
  readonly slice: number;
  /** Undefined for a replay: somewhere in the log as it is by now. */
  readonly position: string | undefined;
}

/** What became of a command, and where all that it did is: of a refused one too, if it did something before. */
export interface Done {
  readonly outcome: Outcome;
  readonly written: readonly Written[];
}

/** How a transfer stands after a step towards its end. */
export interface Completion extends Done {
  /** Whether the points have arrived, or are back; if not, the outcome says what is in their way. */
  readonly isOver: boolean;
}

export function doneOn({ member }: AccountRef, outcome: Outcome): Done {
  const written = "refused" in outcome ? [] : [{ slice: member.slice, position: outcome.position }];
  return { outcome, written };
}

/**
 * A transfer is two appends on two streams. `TransferOut` carries the whole plan; the target accepts it or records its
 * refusal under the transfer's key, so that only one of the two can ever be; only a recorded refusal sends the points
 * back. Every step is keyed, so that whoever repeats one (the caller, the reactor) completes it and nothing twice.
 */
export class Transfers {
  readonly #accounts: Accounts;
  readonly #resolve: (programme: string, id: string) => Promise<KnownMember>;

  constructor(accounts: Accounts, resolve: (programme: string, id: string) => Promise<KnownMember>) {
    this.#accounts = accounts;
    this.#resolve = resolve;
  }

  /** Both legs. The answer is the first leg's, or the target's refusal once the points are back. */
  async transfer(source: AccountRef, wish: Wish, caller: CommandCaller): Promise<Done> {
    const out = doneOn(source, await this.#accounts.execute(source, wish, caller));
    if ("refused" in out.outcome) return out;
    const legs = out.outcome.events as readonly TransferOut[];
    const { outcome, written } = await this.complete(source, legs, caller).catch(rethrowHalfDone);
    return {
      outcome: "refused" in outcome ? outcome : out.outcome,
      written: [...out.written, ...written],
    };
  }

  /** Brings a transfer to its end from its first leg: idempotent, for the caller's retry and the reactor alike. */
  async complete(
    source: AccountRef,
    legs: readonly TransferOut[],
    caller: CommandCaller,
  ): Promise<Completion> {
    const [first] = legs;
    if (first === undefined) throw new Error("a transfer has at least one event");
    const target: AccountRef = { ...source, member: await this.#resolve(source.programme.id, first.to) };
    const received = await this.#accounts.execute(target, fixed(receiveOf(source, legs)), caller);
    const done = doneOn(target, received);
    if ("refused" in received) return { ...done, isOver: false };
    const refused = received.events.find((event) => event.type === "TransferInRefused");
    if (refused === undefined) return { ...done, isOver: true };
    const back = await this.#sendBack(source, legs, refused.refusal, received, caller);
    return { ...back, written: [...done.written, ...back.written] };
  }

  async #sendBack(
    source: AccountRef,
    legs: readonly TransferOut[],
    refusal: string,
    received: Accepted,
    caller: CommandCaller,
  ): Promise<Completion> {
    const [first] = legs as readonly [TransferOut, ...TransferOut[]];
    const command: ReturnTransfer = {
      type: "return_transfer",
      transfer: first.transfer,
      out: first.key,
      takes: legs.flatMap((leg) => leg.takes),
      refusal,
      effectiveAt: received.events[0]?.effectiveAt ?? first.effectiveAt,
    };
    const returned = doneOn(source, await this.#accounts.execute(source, fixed(command), caller));
    if ("refused" in returned.outcome) return { ...returned, isOver: false };
    const refused = {
      code: "balance_limit_exceeded",
      detail: "the target would pass the programme's balance limit; the points were returned",
    } as const;
    return { outcome: { refused }, written: returned.written, isOver: true };
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

/** What the first leg has fixed, whatever is defined by now. */
function fixed(command: AccountCommand): Wish {
  return { key: keyOf(command), under: () => command };
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
