import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { seeded } from "../src/contract/harness.ts";
import { type AppendResult, HandlerRefusal, OutcomeUnknown, StoreUnavailable } from "../src/index.ts";
import { MemoryEventStore } from "../testing/memory-event-store.ts";
import {
  appendDirectly,
  type Bench,
  commandOn,
  decideOn,
  openBench,
  readingCommand,
  stored,
  type Told,
} from "../testing/purse.ts";

// Commands of many streams against a store that is slow, conflicts and fails as it likes. Whatever flushes they come into: of
// each stream they are done in the order of their calls, and every answer is true of the log.

type Random = (bound: number) => number;

const COMMANDS = 400;
const STREAMS = 7;
const PATIENCE_MS = 20_000;

class Broken extends Error {}

/** Now and then slow, now and then away, beaten by another writer, or broken before or after it has stored; until it is ended. */
function trouble(bench: Bench, random: Random): () => void {
  const { memory } = bench;
  const [append, read] = [memory.append.bind(memory), memory.read.bind(memory)];
  const pause = () => (random(40) === 0 ? delay(random(300)) : turns(random(4)));
  let isTheirs = false;
  memory.append = async (appends) => {
    if (isTheirs) return append(appends);
    await pause();
    const kind = random(30);
    if (kind === 0) throw new OutcomeUnknown(new Error("never sent"));
    if (kind === 1 && appends.length > 0) {
      isTheirs = true;
      const { stream } = appends[random(appends.length)] as (typeof appends)[number];
      await appendDirectly(memory, stream, stored("theirs", 1));
      isTheirs = false;
    }
    if (kind === 2 && appends.some(({ stream }) => stream === "s0")) throw new Broken("s0 is refused");
    const results: AppendResult[] = await append(appends);
    await pause();
    if (kind === 3) throw new OutcomeUnknown(new Error("the answer is lost"));
    return results;
  };
  memory.read = async (requests) => {
    await pause();
    if (!isTheirs && random(50) === 0) throw new StoreUnavailable(new Error("away"));
    return read(requests);
  };
  return () => Object.assign(memory, { append, read });
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

interface Issued {
  readonly stream: string;
  readonly label: string;
  readonly amount: number;
  readonly outcome: Promise<Told | Error>;
}

function issue(bench: Bench, label: string, random: Random): Issued {
  const stream = `s${random(STREAMS)}`;
  const amount = random(9) - 4;
  const expectsNew = random(10) === 0;
  const deadline = random(8) === 0 ? performance.now() + random(200) : Number.POSITIVE_INFINITY;
  const command = commandOn(stream, decideOn(label, amount), { expectsNew, deadline });
  const outcome = bench.handler.execute(command).catch((error: Error) => error);
  return { stream, label, amount, outcome };
}

const STORES = [
  ["that commits many appends together", true],
  ["that answers each append by itself", false],
] as const;
const SEEDS = [1, 2, 3, 5, 8, 13];

describe.each(STORES)("on a store %s", (_, isGrouping) => {
  test.each(SEEDS)(
    "order and answers hold, whatever happens (seed %i)",
    { timeout: 60_000 },
    async (seed) => {
      const random = seeded(seed);
      const told: string[] = [];
      const bench = openBench(
        {
          maxBatch: 1 + random(20),
          maxQueued: 50 + random(200),
          now: () => performance.now(),
          onAppended: ({ events }) => told.push(...events.map(({ data }) => JSON.parse(data).label)),
        },
        new MemoryEventStore(isGrouping),
      );
      const endTrouble = trouble(bench, random);
      const deadline = performance.now() + PATIENCE_MS;
      const issued: Issued[] = [];
      const readings: Promise<unknown>[] = [];
      for (let i = 0; i < COMMANDS; i++) {
        issued.push(issue(bench, `c${i}`, random));
        const reading = readingCommand(`r${random(3)}`, `s${random(STREAMS)}`);
        if (random(5) === 0)
          readings.push(bench.handler.execute({ ...reading, deadline }).catch(() => "failed"));
        if (random(3) === 0) await turns(random(6));
      }
      await bench.handler.close();
      await Promise.all(readings);
      endTrouble();
      expect(bench.handler.queued).toBe(0);
      const own = told.filter((label) => label.startsWith("c"));
      expect(new Set(own).size).toBe(own.length);
      for (let i = 0; i < STREAMS; i++) await expectTrue(bench, `s${i}`, issued, new Set(own));
    },
  );
});

async function expectTrue(
  bench: Bench,
  stream: string,
  issued: readonly Issued[],
  reported: ReadonlySet<string>,
): Promise<void> {
  const events = await bench.events(stream);
  const balances = [0];
  for (const event of events) balances.push((balances.at(-1) as number) + Number(event.split(" ")[1]));
  const own = issued.filter((one) => one.stream === stream);
  const inLog = events.map((event) => event.split(" ")[0]).filter((label) => label !== "theirs");
  // Each at most once, and in the order of their calls.
  expect(inLog).toEqual(own.map(({ label }) => label).filter((label) => inLog.includes(label)));
  let reached = 0;
  for (const { label, amount, outcome } of own) {
    const told = await outcome;
    if (told instanceof Error) {
      expect(told.constructor).toBeOneOf([HandlerRefusal, OutcomeUnknown, StoreUnavailable, Broken]);
      const isUnknown = "code" in told && told.code === "outcome_unknown";
      if (!isUnknown) expect(inLog).not.toContain(label);
      continue;
    }
    expect(told.revision).toBeGreaterThanOrEqual(reached);
    reached = told.revision;
    expect([label, told.balance]).toEqual([label, balances[told.revision]]);
    expect(reported.has(label)).toBe(told.done);
    if (told.done) expect(events[told.revision - 1]).toBe(`${label} ${amount}`);
    else expect(told.balance + amount).toBeLessThan(0);
  }
}
