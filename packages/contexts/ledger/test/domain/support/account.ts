import { decideKeyed } from "@taem/event-store";
import type { BusinessKey } from "@taem/kernel";
import type { Programme } from "@taem/programme/definitions";
import { currencyOf, NOON, programmeOf, type Shape } from "@taem/programme/testing";
import { expect } from "vitest";
import { accountAggregate } from "../../../src/application/account-aggregate.ts";
import {
  type AccountCommand,
  type AccountState,
  type Activity,
  accountOf,
  type Balance,
  balanceAt,
  type Decision,
  type DecisionContext,
  decide,
  dueEvents,
  keyOf,
  openLots,
  type RefusalCode,
  settledAt,
} from "../../../src/domain/index.ts";
import type { AccountEvent } from "../../../src/events.ts";

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, Extract<keyof T, K>> : never;
type Filled = "key" | "fingerprint" | "occurredAt";

/** A command of which the test says only what matters. */
export type Request = Without<AccountCommand, Filled> & {
  readonly key?: BusinessKey;
  readonly occurredAt?: number;
};

export const keyNamed = (id: string): BusinessKey => ({ system: "pos", id, leg: "main" });

/** A decision, or at which revision the key was applied before. */
export type Told =
  | Exclude<Decision, { readonly needs: unknown }>
  | { readonly repeated: { readonly revision: number | undefined } };

/** One account as a command handler keeps it: decides, appends, folds. Time stands still until the test moves it. */
export class TestAccount {
  readonly programme: Programme;
  readonly member: string;
  readonly log: AccountEvent[] = [];
  /** The log as it was appended. */
  readonly appends: (readonly AccountEvent[])[] = [];
  now = NOON;
  actor = "till-1";
  today: Activity | undefined;
  readonly #keyed = accountAggregate.initial();
  #keys = 0;

  constructor(shape: Shape | Programme = {}, member = "m-1") {
    this.programme = "currencies" in shape ? shape : programmeOf(shape);
    this.member = member;
  }

  get state(): AccountState {
    return this.#keyed.state;
  }

  get context(): DecisionContext {
    return {
      now: this.now,
      actor: this.actor,
      programme: this.programme,
      currency: currencyOf(this.programme),
      member: this.member,
      keys: this.#keyed.keys,
      ...(this.today === undefined ? {} : { today: this.today }),
    };
  }

  command(request: Request): AccountCommand {
    if (request.type === "receive_transfer" || request.type === "return_transfer") return request;
    const key = request.key ?? keyNamed(`k-${++this.#keys}`);
    return { occurredAt: this.now, fingerprint: "0".repeat(32), ...request, key } as AccountCommand;
  }

  /** What the decider says; earlier events are loaded as a handler would. */
  decide(request: Request): Told {
    const command = this.command(request);
    const key = keyOf(command);
    const repeated = (): Told => ({ repeated: { revision: this.#keyed.keys.revisionOf(key) } });
    let step = decideKeyed<AccountState, AccountEvent, Told>(this.#keyed, {
      key,
      decide: (state, before) => {
        const decision = decide(command, state, { ...this.context, ...before });
        return "needs" in decision ? decision : { events: [], answer: () => () => decision };
      },
      repeat: repeated,
      refuse: repeated,
    });
    while ("load" in step) {
      const { revision, count } = step.load;
      step = step.next(this.log.slice(revision - 1, revision - 1 + count));
    }
    return step.answer(this.#keyed)({ revision: this.log.length, position: "" });
  }

  /** The events of the command whose first event has this revision. */
  eventsAt(revision: number): AccountEvent[] {
    const first = this.log[revision - 1] as AccountEvent & { readonly key: BusinessKey };
    const id = JSON.stringify(first.key);
    return this.log.filter((event) => "key" in event && JSON.stringify(event.key) === id);
  }

  /** Decides, appends and answers all events, those made by time included. */
  run(request: Request): readonly AccountEvent[] {
    const decision = this.decide(request);
    if (!("accepted" in decision)) throw new Error(`not accepted: ${JSON.stringify(decision)}`);
    this.append(decision.accepted);
    return decision.accepted;
  }

  append(events: readonly AccountEvent[]): void {
    for (const event of events) accountAggregate.evolve(this.#keyed, event);
    this.log.push(...events);
    this.appends.push(events);
  }

  sweep(): readonly AccountEvent[] {
    const due = dueEvents(this.state, accountOf(this.context), this.now);
    this.append(due);
    return due;
  }

  refusal(request: Request): RefusalCode | undefined {
    const decision = this.decide(request);
    return "refused" in decision ? decision.refused.code : undefined;
  }

  balance(at = this.now): Balance {
    return balanceAt(this.state, accountOf(this.context), at);
  }

  /** Remaining points per open lot, in burn order, once what is due is done. */
  lots(at = this.now): Record<number, bigint> {
    const settled = settledAt(this.state, accountOf(this.context), at);
    return Object.fromEntries(openLots(settled).map((lot) => [lot.no, lot.remaining]));
  }

  earn(points: bigint, more: Partial<Extract<Request, { type: "earn" }>> = {}): readonly AccountEvent[] {
    return this.run({ type: "earn", by: { points }, reason: "sale", ...more });
  }

  spend(spend: bigint, more: Partial<Extract<Request, { type: "earn" }>> = {}): readonly AccountEvent[] {
    return this.run({ type: "earn", by: { spend, money: "THB", rule: "spend" }, reason: "sale", ...more });
  }

  burn(points: bigint, id?: string): readonly AccountEvent[] {
    return this.run({ type: "burn", points, redemption: "reward", ...named(id) });
  }

  hold(points: bigint, timeoutSeconds?: number): readonly AccountEvent[] {
    return this.run({
      type: "hold",
      points,
      redemption: "reward",
      ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    });
  }

  returnOf(id: string, by: Extract<Request, { type: "reverse" }>["by"] = { all: true }) {
    return this.run({ type: "reverse", origin: keyNamed(id), by, reason: "return" });
  }
}

function named(id: string | undefined): { key?: BusinessKey } {
  return id === undefined ? {} : { key: keyNamed(id) };
}

/** The one event of a type among those given. */
export function only<T extends AccountEvent["type"]>(
  events: readonly AccountEvent[],
  type: T,
): AccountEvent<T> {
  const found = events.filter((event) => event.type === type);
  expect(found, `exactly one ${type}`).toHaveLength(1);
  return found[0] as unknown as AccountEvent<T>;
}
