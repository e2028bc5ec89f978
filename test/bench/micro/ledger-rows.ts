import { randomUUID } from "node:crypto";
import { type Appended, CommandHandler, decideKeyed, type Keyed, type Step } from "@taem/event-store";
import { MemoryEventStore } from "@taem/event-store/testing/memory-event-store";
import { type AccountCommand, type AccountState, decide, keyOf } from "@taem/ledger/domain";
import { type AccountEvent, accountEvents, accountStream } from "@taem/ledger/events";
import { currencyOf, NOON, programmeOf } from "@taem/programme/testing";
import { accountAggregate } from "../../../packages/contexts/ledger/src/application/account-aggregate.ts";
import type { Row } from "./row.ts";

/** What becomes of an earn by spend behind the HTTP edge. */

/** Commands of one account before the next begins: accounts that grew without end would make a row slower and slower. */
const ON_AN_ACCOUNT = 32;
/** Commands under way at once, each on an account of its own: one flush of the handler. */
const AT_ONCE = 32;

const META = { actor: "till 4 (0123456789abcdef)", correlation: "019a51d2-7c3e-4b4a-9f00-5d2c1e8a4b61" };
const programme = programmeOf({ settings: { expiry: { kind: "term", term: { count: 2, unit: "years" } } } });
const context = { now: NOON, actor: META.actor, programme, currency: currencyOf(programme), member: "m-1" };

const { initial, evolve } = accountAggregate;

let commands = 0;

function nextCommand(): AccountCommand {
  return {
    type: "earn",
    by: { spend: 125_000n, money: "THB", rule: "spend" },
    reason: "sale",
    key: { system: "bench", id: `1-${++commands}`, leg: "main" },
    fingerprint: "0".repeat(32),
    occurredAt: NOON,
  };
}

type Decided = Extract<Step<Keyed<AccountState>, AccountEvent, string>, { readonly events: unknown }>;

function decided(command: AccountCommand, keyed: Keyed<AccountState>): Decided {
  const refuse = (): never => {
    throw new Error(`${JSON.stringify(command)} was not accepted`);
  };
  const step = decideKeyed<AccountState, AccountEvent, string>(keyed, {
    key: keyOf(command),
    decide: (state, before) => {
      const decision = decide(command, state, { ...context, ...before });
      if (!("accepted" in decision)) return refuse();
      const answer = ({ book }: AccountState) => {
        const balance = String(book);
        return ({ position }: Appended) => balance + position;
      };
      return { events: decision.accepted, answer };
    },
    repeat: refuse,
    refuse,
  });
  return "events" in step ? step : refuse();
}

/** Decides an earn and folds what comes of it. */
export function openDecide(): Row {
  return (operations) => {
    let keyed = initial();
    for (let i = 1; i <= operations; i++) {
      for (const event of decided(nextCommand(), keyed).events) evolve(keyed, event);
      if (i % ON_AN_ACCOUNT === 0) keyed = initial();
    }
  };
}

/** The command handler with its decisions, on an event store in memory. */
export function openHandler(): Row {
  return async (operations) => {
    let left = operations;
    while (left > 0) {
      const store = new MemoryEventStore();
      const handler = new CommandHandler({ store, newId: randomUUID, now: () => 0 });
      for (let i = 0; i < ON_AN_ACCOUNT && left > 0; i++, left -= AT_ONCE) await flush(handler);
      await handler.close();
    }
  };
}

async function flush(handler: CommandHandler): Promise<void> {
  const done: Promise<string>[] = [];
  for (let account = 0; account < AT_ONCE; account++) {
    const command = nextCommand();
    const executed = handler.execute<Keyed<AccountState>, AccountEvent, string>({
      aggregate: accountAggregate,
      stream: accountStream(`m-${account}`, 1),
      slice: 0,
      meta: META,
      deadline: 1,
      decide: (keyed) => decided(command, keyed),
    });
    done.push(executed);
  }
  await Promise.all(done);
}

/** What one account is told in a row. */
function earnings(): AccountEvent[] {
  const keyed = initial();
  const events: AccountEvent[] = [];
  while (events.length < ON_AN_ACCOUNT) {
    const made = decided(nextCommand(), keyed).events;
    for (const event of made) evolve(keyed, event);
    events.push(...made);
  }
  return events;
}

/** An event and its meta as text. */
export function openEncode(): Row {
  const events = earnings();
  return (operations) => {
    for (let i = 0; i < operations; i++) {
      const event = events[i % events.length] as AccountEvent;
      accountEvents.encode(event);
      accountEvents.encodeMeta(event.type, META);
    }
  };
}

/** Reads an event and folds it. */
export function openFold(): Row {
  const events = earnings().map((event) => ({
    type: event.type,
    data: accountEvents.encode(event),
    meta: accountEvents.encodeMeta(event.type, META),
  }));
  return (operations) => {
    let keyed = initial();
    for (let i = 0; i < operations; i++) {
      if (i % events.length === 0) keyed = initial();
      evolve(keyed, accountEvents.decode(events[i % events.length] as (typeof events)[0]));
    }
  };
}
