import type { KeyObject } from "node:crypto";
import {
  type Before,
  Claims,
  decideKeyed,
  type Keyed,
  type KeyedDecision,
  type Step,
} from "@taem/event-store";
import { type Caller, claimantOf, metaOf, uniqueStreamOf, type WriteTools } from "@taem/host";
import { type BusinessKey, sliceOfName } from "@taem/kernel";
import { businessNow, type Currency, type Programme, programmeAggregate } from "@taem/programme/definitions";
import { programmeStream } from "@taem/programme/events";
import {
  type AccountCommand,
  type AccountState,
  type Activity,
  accountOf,
  activityIn,
  type Balance,
  balanceAt,
  type Decision,
  type DecisionContext,
  decide,
  dueEvents,
  isOfRefund,
  keyOf,
  NO_ACTIVITY,
  nextDueAt,
  sumOfActivity,
} from "../domain/index.ts";
import {
  type AccountEvent,
  accountEvents,
  accountStream,
  type KeyReserved,
  keyReservations,
} from "../events.ts";
import { accountAggregate } from "./account-aggregate.ts";
import { type ActivityOn, ClientDays, type Share } from "./client-days.ts";
import { inKnownSpelling, spellingsOfKey } from "./spellings.ts";
import type { AccountRef, CommandCaller, Outcome, Wish } from "./wish.ts";

/** A wish on its way. */
interface Asked {
  readonly account: AccountRef;
  readonly wish: Wish;
  readonly caller: CommandCaller;
  /** Its part of the client's day, where it has one. */
  readonly share?: Share;
}

type AccountStep<R> = Step<Keyed<AccountState>, AccountEvent, R>;

/** A decision on an account, under the newest definitions. */
type DecideOn<R> = (keyed: Keyed<AccountState>, on: AccountRef) => AccountStep<R>;

/** What a decision depends on beside what its account has been through. */
type Circumstances = Omit<DecisionContext, keyof Before<AccountEvent>>;

/** The key is of programme scope, and was not reserved. */
const UNRESERVED = Symbol("unreserved");

export interface AccountsPorts {
  /** Told of definitions that are newer than an account's. */
  readonly learn: (programme: Programme) => void;
  readonly activityOn: ActivityOn;
}

/**
 * Carries commands out on accounts. What an `AccountRef` knows of its programme says which stream it is; decisions are made on
 * the definitions as the store has them after their command came.
 */
export class Accounts {
  readonly #tools: WriteTools;
  readonly #keys: Claims<KeyReserved>;
  readonly #learn: (programme: Programme) => void;
  readonly #clientDays: ClientDays;

  constructor(tools: WriteTools, { learn, activityOn }: AccountsPorts) {
    this.#tools = tools;
    this.#keys = new Claims({ ...tools, events: keyReservations.events });
    this.#learn = learn;
    this.#clientDays = new ClientDays({ ...tools, activityOn });
  }

  /** Decides a command and appends its effect. A key of programme scope is reserved for this account first. */
  execute(account: AccountRef, wish: Wish, caller: CommandCaller): Promise<Outcome> {
    return wish.countsAs === undefined
      ? this.#execute({ account, wish, caller })
      : this.#executeCounted({ account, wish, caller });
  }

  async #executeCounted(asked: Asked): Promise<Outcome> {
    const { account, caller } = asked;
    const share = await this.#clientDays.open(account.programme, account.currency, caller.actor);
    let outcome: Outcome | undefined;
    try {
      outcome = await this.#execute({ ...asked, share });
      return outcome;
    } finally {
      const isDone = outcome !== undefined && !("refused" in outcome);
      this.#clientDays.close(share, isDone);
    }
  }

  #execute(asked: Asked): Promise<Outcome> {
    const { account, wish } = asked;
    return isOfProgramme(wish.key, account.programme)
      ? this.#reserveThenPlace(asked)
      : this.#placeUnreserved(asked);
  }

  async #reserveThenPlace(asked: Asked): Promise<Outcome> {
    const refused = await this.#reserve(asked);
    return refused ?? this.#place(asked, (keyed, on) => this.#attempt(asked, keyed, on));
  }

  async #placeUnreserved(asked: Asked): Promise<Outcome> {
    const outcome = await this.#place<Outcome | typeof UNRESERVED>(asked, (keyed, on) =>
      isOfProgramme(asked.wish.key, on.programme)
        ? { events: [], answer: () => () => UNRESERVED }
        : this.#attempt(asked, keyed, on),
    );
    return outcome === UNRESERVED ? this.#reserveThenPlace(asked) : outcome;
  }

  /** Whether a key of programme scope belongs to another account. */
  async isOfAnother(account: AccountRef, key: BusinessKey): Promise<boolean> {
    const { programme } = account;
    if (!isOfProgramme(key, programme)) return false;
    const reserved = await this.#keys.first(this.#keyStreams(programme, key));
    return reserved !== undefined && !isOf(account, reserved);
  }

  #keyStreams(programme: Programme, key: BusinessKey): string[] {
    return spellingsOfKey(key).map((spelled) => keyStream(this.#tools.hmacKey, programme, spelled));
  }

  /** Puts a command in its place among those of its account. */
  #place<R>({ account, caller }: Asked, decideOn: DecideOn<R>): Promise<R> {
    const outcome = this.#onAccount(account, caller, decideOn);
    caller.placed?.();
    return outcome;
  }

  /** The account's balance, confirmed against the store's head. */
  balance(account: AccountRef, caller: Caller): Promise<Balance> {
    return this.#onAccount(account, caller, (_, on) => ({
      events: [],
      answer: ({ state }) => {
        const context = this.#context(on, caller);
        const balance = balanceAt(state, accountOf(context), context.now);
        return () => balance;
      },
    }));
  }

  /** Who asked for an adjustment that waits, by its ordinal; undefined where none does. */
  requesterOf(account: AccountRef, adjustment: number, caller: Caller): Promise<string | undefined> {
    return this.#onAccount(account, caller, ({ state }) => {
      const requester = state.pending.get(adjustment)?.requestedBy;
      return { events: [], answer: () => () => requester };
    });
  }

  /** Records what time has done to the account by now; when it is next due, undefined if never. */
  sweep(
    account: AccountRef,
    caller: Caller,
  ): Promise<{ readonly swept: number; readonly nextDueAt: number | undefined }> {
    return this.#onAccount(account, caller, ({ state }, on) => {
      const context = this.#context(on, caller);
      const events = dueEvents(state, accountOf(context), context.now);
      return {
        events,
        answer: ({ state: swept }) => {
          const next = nextDueAt(swept);
          return () => ({ swept: events.length, nextDueAt: next });
        },
      };
    });
  }

  /** Events of the command that was applied under a key, from the store. */
  async applied(account: AccountRef, revision: number, count: number): Promise<AccountEvent[]> {
    const request = { stream: streamOf(account), afterRevision: revision - 1, limit: count };
    const [slice] = await this.#tools.store.read([request]);
    return (slice?.events ?? []).map((event) => accountEvents.decode(event));
  }

  #onAccount<R>(account: AccountRef, caller: Caller, decideOn: DecideOn<R>): Promise<R> {
    const { programme, currency } = account;
    return this.#tools.handler.execute({
      aggregate: accountAggregate,
      stream: streamOf(account),
      slice: account.member.slice,
      meta: metaOf(caller),
      deadline: caller.deadline,
      traceparent: caller.traceparent,
      reads: { stream: programmeStream(programme.id), aggregate: programmeAggregate },
      decide: (keyed, now) => {
        // Definitions are only ever added to.
        if (now === undefined || now.revision <= programme.revision) return decideOn(keyed, account);
        this.#learn(now);
        const known = now.currencies.get(currency.code) as Currency;
        return decideOn(keyed, { ...account, programme: now, currency: known });
      },
    });
  }

  #context({ programme, currency, member }: AccountRef, { actor }: Caller): Circumstances {
    const now = businessNow(programme, this.#tools.clock.now());
    return { now, actor, programme, currency, member: member.id };
  }

  #attempt(asked: Asked, keyed: Keyed<AccountState>, on: AccountRef): AccountStep<Outcome> {
    const { wish, share, caller } = asked;
    const now = this.#context(on, caller);
    const context = share === undefined ? now : { ...now, today: share.others(on.programme) };
    const command = inKnownSpelling(wish.under(on.programme), keyed.keys);
    if (share !== undefined) share.beyond = undefined;
    return decideKeyed<AccountState, AccountEvent, Outcome>(keyed, {
      key: keyOf(command),
      // What has none is a saga's own.
      fingerprint: "fingerprint" in command ? command.fingerprint : undefined,
      recognises: (first) => wish.again?.recognises(first) === true,
      decide: (state, before) => decideOnce(asked, command, state, { ...context, ...before }, streamOf(on)),
      repeat: (made, state) => ({
        ...made,
        replayed: true,
        programme: context.programme,
        balance: balanceAt(state, accountOf(context), context.now),
        position: undefined,
      }),
      refuse: ({ events }) => keyReused(wish.again?.difference(command, events)),
      leadsTo: (first) => (first.type === "BurnReversed" ? (event) => isOfRefund(first, event) : undefined),
    });
  }

  /** One effect whoever the member is: the key belongs to the account that reserved it. */
  async #reserve(asked: Asked): Promise<Outcome | undefined> {
    const { account, wish, caller } = asked;
    // Decided first, so that a command which would be refused anyway reserves nothing.
    const foreseen = await this.#onAccount(account, caller, (keyed, on) =>
      refusalOf(this.#attempt(asked, keyed, on)),
    );
    if (foreseen !== undefined) return foreseen;
    const { programme, currency, member } = account;
    const streams = this.#keyStreams(programme, wish.key);
    const reservation = {
      type: "KeyReserved",
      programme: programme.id,
      member: member.id,
      currency: currency.code,
    } as const;
    const known = streams.length === 1 ? undefined : await this.#keys.first(streams);
    const stream = streams[0] as string;
    const reserved =
      known ??
      (await this.#keys.claim(
        this.#tools.handler,
        { stream, slice: sliceOfName(stream) },
        reservation,
        claimantOf(caller),
      ));
    if (isOf(account, reserved)) return undefined;
    return { refused: { code: "key_reused", detail: "the key belongs to a command of another account" } };
  }
}

/** Decides a command whose key is new. */
function decideOnce(
  { wish, share, caller }: Asked,
  command: AccountCommand,
  state: AccountState,
  context: DecisionContext,
  stream: string,
): KeyedDecision<AccountState, AccountEvent, Outcome> {
  const refused = wish.guard?.(state);
  const own = refused === undefined ? decide(command, state, context) : { refused };
  const decision = inTurn(own, stream, caller.heldBack);
  if (share !== undefined) share.beyond = ceilingThatKeeps(decision);
  if ("needs" in decision) return decision;
  if ("refused" in decision) return { events: [], answer: () => () => decision };
  const { accepted: events } = decision;
  share?.take(
    events
      .filter((event) => "key" in event)
      .map(activityIn)
      .reduce(sumOfActivity, NO_ACTIVITY),
  );
  const { programme, now } = context;
  return {
    events,
    answer: (after, made) => {
      const balance = balanceAt(after, accountOf(context), now);
      return ({ position }) => ({ ...made, replayed: false, programme, balance, position });
    },
  };
}

function keyReused(difference = "its fingerprint is another"): Outcome {
  return { refused: { code: "key_reused", detail: `the key was used before: ${difference}` } };
}

/** Of what the client's ceiling keeps a command back, for good or until a second principal agrees. */
function ceilingThatKeeps(decision: Decision): keyof Activity | undefined {
  if ("refused" in decision) {
    const { code } = decision.refused;
    if (code === "earn_ceiling_reached") return "earned";
    return code === "adjustment_ceiling_reached" ? "adjusted" : undefined;
  }
  const waits =
    "accepted" in decision &&
    decision.accepted.some((event) => event.type === "AdjustmentRequested" && event.because === "ceiling");
  return waits ? "adjusted" : undefined;
}

/** Whether a key was reserved for the account. */
function isOf({ member, currency }: AccountRef, reserved: KeyReserved): boolean {
  return reserved.member === member.id && reserved.currency === currency.code;
}

/** A return that overtook its sale would find nothing to take back, and leave the points of a sale that is sent again. */
function inTurn(decision: Decision, stream: string, heldBack: Set<string> | undefined): Decision {
  if (heldBack === undefined) return decision;
  if (heldBack.has(stream)) {
    const detail = "an earlier line of the account was refused so: send both again, in their order";
    return { refused: { code: "earn_ceiling_reached", detail } };
  }
  if ("refused" in decision && decision.refused.code === "earn_ceiling_reached") heldBack.add(stream);
  return decision;
}

function streamOf({ member, currency }: AccountRef): string {
  return accountStream(member.id, currency.no);
}

function isOfProgramme({ system }: BusinessKey, { sources }: Programme): boolean {
  return sources.get(system)?.scope === "programme";
}

/** The refusal that a step would end in, if any; nothing is appended. */
function refusalOf(step: AccountStep<Outcome>): AccountStep<Outcome | undefined> {
  if ("load" in step) return { load: step.load, next: (events) => refusalOf(step.next(events)) };
  if (step.events.length > 0) return { events: [], answer: () => () => undefined };
  return {
    events: [],
    answer: (state) => {
      const answer = step.answer(state);
      return (appended) => {
        const outcome = answer(appended);
        return "refused" in outcome ? outcome : undefined;
      };
    },
  };
}

function keyStream(hmacKey: KeyObject, programme: Programme, { system, id, leg }: BusinessKey): string {
  return uniqueStreamOf(hmacKey, "key", programme.id, system, id, leg);
}
