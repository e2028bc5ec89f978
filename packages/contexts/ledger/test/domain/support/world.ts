import assert from "node:assert/strict";
import type { BusinessKey } from "@taem/kernel";
import type { Programme } from "@taem/programme/definitions";
import { NOON, programmeOf } from "@taem/programme/testing";
import {
  type AccountCommand,
  accountOf,
  dueEvents,
  openLots,
  postingsOf,
  settledAt,
} from "../../../src/domain/index.ts";
import type { AccountEvent, LotPart, NewLot } from "../../../src/events.ts";
import { type Call, type ModelAccount, type ModelRules, newModel, settle, view } from "../model.ts";
import { type ModelPlan, Oracle } from "../model-commands.ts";
import { keyNamed, type Request, TestAccount, type Told } from "./account.ts";
import { MEMBERS, type Operation } from "./operations.ts";
import { plain } from "./plain.ts";
import { pose, resolve, sensible } from "./requests.ts";

/** Several accounts of one programme beside their models; every operation is done to both and compared. */

interface Flight {
  readonly id: string;
  readonly key: BusinessKey;
  readonly from: number;
  readonly to: number;
  readonly lots: readonly NewLot[];
  readonly takes: readonly LotPart[];
  readonly plan: ModelPlan;
  stage: "out" | "refused" | "done";
}

interface Side {
  readonly account: TestAccount;
  readonly model: ModelAccount;
  readonly keys: string[];
}

export interface Asked {
  readonly who: number;
  readonly command: AccountCommand;
  readonly now: number;
  readonly actor: string;
}

interface Applied {
  readonly who: number;
  readonly command: AccountCommand;
  readonly revision: number;
}

type Of<T extends Operation["op"]> = Extract<Operation, { op: T }>;

export class World {
  readonly oracle: Oracle;
  readonly sides: readonly Side[];
  readonly flights: Flight[] = [];
  /** What callers asked of the accounts, and when. */
  readonly asked: Asked[] = [];
  readonly #applied: Applied[] = [];
  now = NOON;
  #commands = 0;

  constructor(rules: ModelRules) {
    const programme = programmeFor(rules);
    this.oracle = new Oracle(rules);
    this.sides = Array.from({ length: MEMBERS }, (_, i) => ({
      account: new TestAccount(programme, `m-${i}`),
      model: newModel(`m-${i}`),
      keys: [],
    }));
  }

  perform(operation: Operation): void {
    const { account } = this.#side(operation.who);
    switch (operation.op) {
      case "wait":
        this.now += operation.ms;
        break;
      case "sweep":
        assertBalanced(account.sweep());
        break;
      case "repeat":
        this.#repeat(operation.which);
        break;
      case "transfer":
        this.#transfer(operation);
        break;
      case "carry":
        this.#carry(operation.which);
        break;
      default: {
        const { model, keys } = this.#side(operation.who);
        const target = { oracle: this.oracle, model, keys };
        const sensibly = sensible(operation, target);
        const call = this.#call(sensibly, "actor" in sensibly ? sensibly.actor : undefined);
        const { request, expected } = pose(sensibly, target, call);
        this.#decide(operation.who, call, request, expected);
      }
    }
    this.compare(operation.who);
  }

  /** The account as the domain sees it and as the model sees it, at an instant; the sweep may never have run. */
  compare(who: number, at = this.now): void {
    const { account, model } = this.#side(who);
    const { book, available, pending, held, due, debt } = account.balance(at);
    const settled = settledAt(account.state, accountOf(account.context), at);
    const lots = openLots(settled).map((lot) => [lot.no, `${lot.remaining} held ${lot.held}`]);
    const waiting = [...settled.pending.keys()];
    const seen = {
      book: book - due,
      available,
      held,
      pending,
      debt,
      waiting,
      lots: Object.fromEntries(lots),
    };
    assert.deepEqual(seen, view(model, at));
    for (const amount of [book, available, pending, held, due, debt]) assert.ok(amount >= 0n);
    assert.equal(available + pending + held + due, book);
  }

  /** Points that left a source and have neither arrived nor come back. */
  inFlight(): bigint {
    const open = this.flights.filter((flight) => flight.stage !== "done");
    return open.flatMap((flight) => flight.takes).reduce((sum, take) => sum + take.amount, 0n);
  }

  #side(who: number): Side {
    const side = this.sides[who] as Side;
    side.account.now = this.now;
    return side;
  }

  #call(operation: Operation, actor = "till-1"): Call {
    const key = `c-${++this.#commands}`;
    return { key, occurredAt: this.now + operation.shift, now: this.now, actor };
  }

  #decide(who: number, call: Call, request: Request, expected?: string): readonly AccountEvent[] | undefined {
    const { account, keys } = this.#side(who);
    account.actor = call.actor;
    const command = account.command({ occurredAt: call.occurredAt, ...request, key: keyNamed(call.key) });
    this.asked.push({ who, command, now: this.now, actor: call.actor });
    const decision = decidePurely(account, command);
    if ("refused" in decision) {
      assert.equal(decision.refused.code, expected);
      return undefined;
    }
    assert.ok("accepted" in decision, `${command.type} was neither accepted nor refused`);
    assert.equal(undefined, expected, `${command.type} was accepted`);
    keys.push(call.key);
    this.#applied.push({ who, command, revision: account.state.revision + decision.due + 1 });
    this.#append(account, decision.accepted);
    return decision.accepted;
  }

  #append(account: TestAccount, events: readonly AccountEvent[]): void {
    assertBalanced(events);
    account.append(events);
    const late = dueEvents(account.state, accountOf(account.context), this.now);
    assert.deepEqual(late, [], "a decision leaves nothing due");
  }

  #repeat(which: number): void {
    const earlier = this.#applied[which % Math.max(1, this.#applied.length)];
    if (earlier === undefined) return;
    const decision = decidePurely(this.#side(earlier.who).account, earlier.command);
    assert.deepEqual(decision, { repeated: { revision: earlier.revision } });
  }

  #transfer(operation: Of<"transfer">): void {
    const { who, to } = operation;
    const { model } = this.#side(who);
    const points = resolve(operation.points, view(model, this.now).available);
    const call = this.#call(operation);
    const id = `t-${call.key}`;
    const planned = this.oracle.transferOut(model, call, `m-${to}`, points);
    const request: Request = { type: "transfer", points, to: `m-${to}`, transfer: id };
    if (typeof planned !== "object") {
      this.#decide(who, call, request, planned);
      return;
    }
    const legs = (this.#decide(who, call, request) ?? []).filter((event) => event.type === "TransferOut");
    assert.equal(legs[0]?.effectiveAt, planned.effectiveAt);
    const lots = legs.flatMap((leg) => leg.plan);
    const takes = legs.flatMap((leg) => leg.takes);
    this.flights.push({
      id,
      key: keyNamed(call.key),
      from: who,
      to,
      lots,
      takes,
      plan: planned,
      stage: "out",
    });
  }

  /** The next leg of a transfer; the last leg of a transfer that is done is only repeated. */
  #carry(which: number): void {
    const flight = this.flights[which % Math.max(1, this.flights.length)];
    if (flight === undefined) return;
    const receiving = flight.stage !== "refused";
    const who = receiving ? flight.to : flight.from;
    const { account, model } = this.#side(who);
    const decision = decidePurely(account, receiving ? receipt(flight) : comeBack(flight));
    if (flight.stage === "done") {
      assert.ok("repeated" in decision);
      return;
    }
    assert.ok("accepted" in decision);
    this.#append(account, decision.accepted);
    const refused = decision.accepted.some((event) => event.type === "TransferInRefused");
    flight.stage = refused ? "refused" : "done";
    settle(model, this.now);
    if (receiving) assert.equal(this.oracle.receive(model, flight.plan, this.now), !refused);
    else this.oracle.comeBack(model, flight.plan, this.now);
    this.compare(who);
  }
}

function receipt({ id, from, lots, plan }: Flight): AccountCommand {
  const { effectiveAt } = plan;
  return { type: "receive_transfer", transfer: id, from: `m-${from}`, lots, effectiveAt };
}

function comeBack({ id, key: out, takes, plan }: Flight): AccountCommand {
  const { effectiveAt } = plan;
  return {
    type: "return_transfer",
    transfer: id,
    out,
    takes,
    refusal: "balance_limit_exceeded",
    effectiveAt,
  };
}

function decidePurely(account: TestAccount, command: AccountCommand): Told {
  const before = plain(account.state);
  const decision = account.decide(command);
  assert.deepEqual(plain(account.state), before, "decide changed the state");
  return decision;
}

function assertBalanced(events: readonly AccountEvent[]): void {
  for (const event of events) {
    const sum = postingsOf(event).reduce((total, posting) => total + posting.amount, 0n);
    assert.equal(sum, 0n, `the postings of ${event.type}`);
  }
}

function programmeFor(rules: ModelRules): Programme {
  const { termDays, inactivityDays, maxBalance, adjustmentSeconds, spend } = rules;
  const days = (count: number) => ({ count, unit: "days" as const });
  const { minimum, ...rule } = spend;
  return programmeOf({
    settings: {
      expiry: termDays === undefined ? { kind: "never" } : { kind: "term", term: days(termDays) },
      ...(inactivityDays === undefined ? {} : { inactivity: days(inactivityDays) }),
      clawback: rules.clawback,
      returnGraceDays: rules.graceDays,
      holdTimeoutSeconds: rules.holdSeconds,
      maxHoldTimeoutSeconds: rules.maxHoldSeconds,
      transferExpiry: rules.transferExpiry,
      ...(maxBalance === undefined ? {} : { maxBalance }),
      adjustmentLimit: rules.adjustmentLimit,
      ...(adjustmentSeconds === undefined ? {} : { adjustmentTimeoutSeconds: adjustmentSeconds }),
    },
    singleHanded: rules.singleHanded,
    rules: { spend: { ...rule, minimumSpend: minimum } },
  });
}
