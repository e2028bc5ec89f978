import { createSecretKey } from "node:crypto";
import { defineEvents, type EventIn, integer, text } from "@taem/schema";
import { type FaultyStore, faultyStore } from "@taem/testing/faulty-store";
import type { Command } from "../src/command.ts";
import {
  type Aggregate,
  CommandHandler,
  type CommandHandlerOptions,
  SealedSnapshots,
  type SnapshotStore,
  type Step,
} from "../src/index.ts";
import { MemoryEventStore } from "./memory-event-store.ts";
import { MemorySnapshotStore } from "./memory-snapshot-store.ts";

const descriptions = { CoinsPut: { label: text, coins: integer } } as const;

/** What a command has put into the smallest account, a purse. */
export type PurseEvent = EventIn<typeof descriptions>;

export const purseEvents = defineEvents(descriptions);

export interface Purse {
  balance: number;
  labels: string[];
}

export const purseAggregate: Aggregate<Purse, PurseEvent> = {
  events: purseEvents,
  initial: () => ({ balance: 0, labels: [] }),
  evolve(purse, { label, coins }) {
    if (coins === POISON) throw new Error("does not fold");
    purse.balance += coins;
    purse.labels.push(label);
    return purse;
  },
  draft: ({ balance, labels }) => ({ balance, labels: [...labels] }),
  commit: (draft) => draft,
  weight: ({ labels }) => 100 * labels.length,
};

/** With snapshots of a schema. */
export function snapshotting(schema = "purse-1"): Aggregate<Purse, PurseEvent> {
  const snapshots = {
    schema,
    write: (purse: Purse) => Buffer.from(JSON.stringify(purse)),
    read: (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as Purse,
    agrees: ({ labels }: Purse, { label }: PurseEvent, revision: number) =>
      labels.length === revision && labels.at(-1) === label,
    isSame: (a: Purse, b: Purse) => JSON.stringify(a) === JSON.stringify(b),
  };
  return { ...purseAggregate, snapshots };
}

/** An amount that no purse folds. */
export const POISON = 666;

export function put(label: string, amount: number): PurseEvent {
  return { type: "CoinsPut", label, coins: amount };
}

export interface Told {
  readonly balance: number;
  readonly revision: number;
  readonly done: boolean;
}

/** Does what it is told on one purse: events, or none where the purse has too little. */
export function decideOn(label: string, amount: number) {
  return (purse: Purse): Step<Purse, PurseEvent, Told> => {
    const done = purse.balance + amount >= 0;
    return {
      events: done ? [put(label, amount)] : [],
      answer:
        ({ balance }) =>
        ({ revision }) => ({ balance, revision, done }),
    };
  };
}

const NEVER = Number.POSITIVE_INFINITY;

/** A purse that commands on other streams read: each state is one of its own. */
const readAggregate: Aggregate<Purse, PurseEvent> = {
  ...purseAggregate,
  evolve: ({ balance, labels }, event) => purseAggregate.evolve({ balance, labels: [...labels] }, event),
};

/** Puts one into a purse; its answer is what the purse that it reads held then. */
export function readingCommand(stream: string, read: string): Command<Purse, PurseEvent, number, Purse> {
  return {
    ...commandOn<number>(stream, () => ({ events: [], answer: () => () => 0 })),
    reads: { stream: read, aggregate: readAggregate },
    decide: (_, { balance }) => ({ events: [put("one", 1)], answer: () => () => balance }),
  };
}

export function commandOn<R>(
  stream: string,
  decide: Command<Purse, PurseEvent, R>["decide"],
  options: Partial<Pick<Command<Purse, PurseEvent, R>, "deadline" | "aggregate" | "expectsNew">> = {},
): Command<Purse, PurseEvent, R> {
  return {
    aggregate: purseAggregate,
    stream,
    slice: 0,
    meta: { actor: "test", correlation: "test" },
    decide,
    deadline: NEVER,
    ...options,
  };
}

/** A handler on a store in memory that a test can trouble. */
export interface Bench extends AsyncDisposable {
  readonly memory: MemoryEventStore;
  readonly snapshots: MemorySnapshotStore;
  readonly store: FaultyStore;
  readonly handler: CommandHandler;
  /** What went wrong behind an answer. */
  readonly reported: string[];
  /** Puts in, or takes out below zero. */
  move(stream: string, label: string, amount: number, deadline?: number): Promise<Told>;
  /** Another handler on the same log. */
  another(options?: Partial<CommandHandlerOptions>): Bench;
  /** Events of a stream, as `label amount`. */
  events(stream: string): Promise<string[]>;
}

export function openBench(
  options: Partial<CommandHandlerOptions> = {},
  memory = new MemoryEventStore(),
  aggregate = purseAggregate,
  snapshots = new MemorySnapshotStore(),
): Bench {
  const store = faultyStore(memory);
  const reported: string[] = [];
  const handler = new CommandHandler({
    store,
    snapshots: sealed(snapshots, reported),
    newId: () => crypto.randomUUID(),
    now: () => 0,
    onError: (error, stream) => reported.push(`${stream}: ${(error as Error).message}`),
    ...options,
  });
  return {
    memory,
    snapshots,
    store,
    handler,
    reported,
    move: (stream, label, amount, deadline = NEVER) =>
      handler.execute(commandOn(stream, decideOn(label, amount), { deadline, aggregate })),
    another: (more = {}) => openBench({ ...options, ...more }, memory, aggregate, snapshots),
    async events(stream) {
      const [slice] = await memory.read([{ stream, afterRevision: 0 }]);
      return (slice?.events ?? []).map(({ data }) => {
        const { label, coins } = JSON.parse(data) as PurseEvent;
        return `${label} ${coins}`;
      });
    },
    [Symbol.asyncDispose]: () => handler.close(),
  };
}

const KEY = createSecretKey(Buffer.from("a test's own"));

/** As an installation has them; what is dropped is reported. */
export function sealed(store: SnapshotStore, reported: string[] = []): SealedSnapshots {
  return new SealedSnapshots({
    store,
    key: KEY,
    onDropped: ({ stream }, reason) => reported.push(`${stream}: ${reason}`),
    onError: (error) => reported.push((error as Error).message),
  });
}

/** Appends behind every handler's back. */
export async function appendDirectly(
  memory: MemoryEventStore,
  stream: string,
  ...events: readonly { readonly type: string; readonly data: string }[]
): Promise<void> {
  const [slice] = await memory.read([{ stream, afterRevision: 0 }]);
  const expectedRevision = slice?.events.length ?? 0;
  const meta = '{"actor":"test","correlation":"test","v":1}';
  const appended = events.map((event) => ({ ...event, id: crypto.randomUUID(), meta }));
  await memory.append([{ stream, slice: 0, expectedRevision, events: appended }]);
}

export function stored(label: string, amount: number) {
  const event = put(label, amount);
  return { type: event.type, data: purseEvents.encode(event) };
}
