import { randomUUID } from "node:crypto";
import { CommandHandler } from "@taem/event-store";
import { type AccountCommand, type AccountState, decide, evolve, newAccount } from "@taem/ledger/domain";
import { type AccountEvent, accountEvents, accountStream } from "@taem/ledger/events";
import { currencyOf, NOON, programmeOf } from "@taem/programme/testing";
import { accountAggregate } from "../../../packages/contexts/ledger/src/application/account-aggregate.ts";
import { MemoryEventStore } from "../../../packages/event-store/test/support/memory-event-store.ts";
import type { Row } from "./row.ts";

/** What becomes of an earn by spend behind the HTTP edge. */

/** Commands of one account before the next begins: accounts that grew without end would make a row slower and slower. */
const ON_AN_ACCOUNT = 32;
/** Commands under way at once, each on an account of its own: one flush of the handler. */
const AT_ONCE = 32;

const META = { actor: "till 4 (0123456789abcdef)", correlation: "019a51d2-7c3e-4b4a-9f00-5d2c1e8a4b61" };
const programme = programmeOf({ settings: { expiry: { kind: "term", term: { count: 2, unit: "years" } } } });
const context = { now: NOON, actor: META.actor, programme, currency: currencyOf(programme), member: "m-1" };

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

function decided(command: AccountCommand, state: AccountState): readonly AccountEvent[] {
  const decision = decide(command, state, context);
  if (!("accepted" in decision)) throw new Error(`not accepted: ${JSON.stringify(decision)}`);
  return decision.accepted;
}

/** Decides an earn and folds what comes of it. */
export function openDecide(): Row {
  return (operations) => {
    let state = newAccount();
    for (let i = 1; i <= operations; i++) {
      for (const event of decided(nextCommand(), state)) evolve(state, event);
      if (i % ON_AN_ACCOUNT === 0) state = newAccount();
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
    const executed = handler.execute<AccountState, AccountEvent, string>({
      aggregate: accountAggregate,
      stream: accountStream(`m-${account}`, 1),
      slice: 0,
      meta: META,
      deadline: 1,
      decide: (state) => ({
        events: decided(command, state),
        answer: ({ book }) => {
          const balance = String(book);
          return ({ position }) => balance + position;
        },
      }),
    });
    done.push(executed);
  }
  await Promise.all(done);
}

/** What one account is told in a row. */
function earnings(): AccountEvent[] {
  const state = newAccount();
  const events: AccountEvent[] = [];
  while (events.length < ON_AN_ACCOUNT) {
    const made = decided(nextCommand(), state);
    for (const event of made) evolve(state, event);
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
    let state = newAccount();
    for (let i = 0; i < operations; i++) {
      if (i % events.length === 0) state = newAccount();
      evolve(state, accountEvents.decode(events[i % events.length] as (typeof events)[0]));
    }
  };
}
