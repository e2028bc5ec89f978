import { expect, test } from "vitest";
import { type CommandHandlerOptions, HandlerRefusal } from "../src/index.ts";
import {
  type Bench,
  commandOn,
  decideOn,
  openBench,
  type Purse,
  purseAggregate,
  put,
} from "../testing/purse.ts";

// Failure: something breaks after the store has said yes, and commands that are in the log are told that they are not.

const fault = new Error("a fault");

function throws(): never {
  throw fault;
}

/** An aggregate of which one part breaks on a purse with this label in it. */
function breaking(part: "commit" | "weight", label: string): typeof purseAggregate {
  const broken = ({ labels }: Purse) => labels.includes(label) && throws();
  return {
    ...purseAggregate,
    [part]: (purse: Purse) => {
      broken(purse);
      return purseAggregate[part](purse);
    },
  };
}

async function outcomeOf(command: Promise<unknown>): Promise<unknown> {
  return command.catch((error: unknown) => (error instanceof HandlerRefusal ? error.code : error));
}

/** A store that tells the wrong revision of one stream. */
function misleadAbout(bench: Bench, stream: string): void {
  bench.store.appendFaults.push(async (append, appends) =>
    (await append()).map((result, i) =>
      result.ok && appends[i]?.stream === stream ? { ...result, revision: result.revision + 1 } : result,
    ),
  );
}

const told = (options: Pick<CommandHandlerOptions, "onAppended">) => openBench(options);

test.each([
  ["a state cannot be committed", () => openBench({}, undefined, breaking("commit", "bad"))],
  ["a state cannot be weighed", () => openBench({}, undefined, breaking("weight", "bad"))],
  [
    "nobody can be told of what was appended",
    () => told({ onAppended: ({ events }) => void (events[0]?.data.includes("bad") && throws()) }),
  ],
])("where %s the command is answered, and its neighbours never notice", async (_, open) => {
  await using bench = open();
  const answers = await Promise.all([
    bench.move("a", "one", 1),
    bench.move("b", "bad", 2),
    bench.move("b", "next", 1),
    bench.move("c", "one", 4),
  ]);
  expect(answers.map(({ balance, done }) => [balance, done])).toEqual([
    [1, true],
    [2, true],
    [3, true],
    [4, true],
  ]);
  expect(bench.reported).toEqual(["b: a fault"]);
});

test("what could not be kept is read again, not remembered by halves", async () => {
  let isBroken = true;
  const aggregate = {
    ...purseAggregate,
    commit: (draft: Purse) => (isBroken ? throws() : draft),
  };
  await using bench = openBench({}, undefined, aggregate);
  await bench.move("a", "one", 1);
  isBroken = false;
  const { read } = bench.store.trips;
  expect(await bench.move("a", "two", 2)).toEqual({ balance: 3, revision: 2, done: true });
  expect(bench.store.trips.read).toBe(read + 1);
});

test("a command that is stored but cannot be answered is of unknown outcome, never refused, and only that one", async () => {
  await using bench = openBench();
  const mute = commandOn("a", () => ({ events: [put("mute", 1)], answer: () => throws }));
  const before = bench.move("a", "before", 1);
  const unanswered = outcomeOf(bench.handler.execute(mute));
  const after = bench.move("a", "after", 1);
  const elsewhere = bench.move("b", "elsewhere", 1);
  expect(await unanswered).toBe("outcome_unknown");
  expect((await Promise.all([before, after, elsewhere])).map(({ balance }) => balance)).toEqual([1, 3, 1]);
  expect(await bench.events("a")).toEqual(["before 1", "mute 1", "after 1"]);
  expect(bench.reported).toEqual(["a: a fault"]);
});

test("a stream of which the store tells another revision than its events lead to is of unknown outcome, alone", async () => {
  await using bench = openBench();
  misleadAbout(bench, "a");
  const misled = [outcomeOf(bench.move("a", "one", 1)), outcomeOf(bench.move("a", "two", 1))];
  const elsewhere = bench.move("b", "one", 1);
  expect(await Promise.all(misled)).toEqual(["outcome_unknown", "outcome_unknown"]);
  expect(await elsewhere).toMatchObject({ done: true });
  expect(bench.reported).toEqual([expect.stringMatching(/^a: /)]);
  expect(await bench.move("a", "three", 1)).toEqual({ balance: 3, revision: 3, done: true });
});

test("an answer that the store leaves out is an unknown outcome of that stream alone", async () => {
  await using bench = openBench();
  bench.store.appendFaults.push(async (append) => (await append()).slice(0, 1));
  const first = bench.move("a", "one", 1);
  const second = outcomeOf(bench.move("b", "one", 1));
  expect([await first, await second]).toEqual([{ balance: 1, revision: 1, done: true }, "outcome_unknown"]);
});

test("an append that the store refuses with all of its flush falls alone", async () => {
  await using bench = openBench();
  const append = bench.memory.append.bind(bench.memory);
  bench.memory.append = async (appends, ...rest) => {
    if (appends.some(({ stream }) => stream === "bad")) throw fault;
    return append(appends, ...rest);
  };
  const streams = ["a", "b", "bad", "c", "d"];
  const outcomes = await Promise.all(streams.map((stream) => outcomeOf(bench.move(stream, "one", 1))));
  const done = { balance: 1, revision: 1, done: true };
  expect(outcomes).toEqual([done, done, fault, done, done]);
  expect(bench.reported).toEqual(["bad: a fault"]);
});

test("a stream that cannot be read falls alone", async () => {
  await using bench = openBench();
  const read = bench.memory.read.bind(bench.memory);
  bench.memory.read = async (requests) => {
    if (requests.some(({ stream }) => stream === "bad")) throw fault;
    return read(requests);
  };
  const streams = ["a", "b", "bad", "c", "d"];
  const outcomes = await Promise.all(streams.map((stream) => outcomeOf(bench.move(stream, "one", 1))));
  const done = { balance: 1, revision: 1, done: true };
  expect(outcomes).toEqual([done, done, fault, done, done]);
});

test("an aggregate that cannot draft a state fails the commands of that stream alone", async () => {
  await using bench = openBench();
  const aggregate = { ...purseAggregate, draft: throws };
  const broken = outcomeOf(bench.handler.execute(commandOn("bad", decideOn("one", 1), { aggregate })));
  const sound = bench.move("a", "one", 1);
  expect([await broken, await sound]).toEqual([fault, { balance: 1, revision: 1, done: true }]);
});

test("whoever reports a fault and fails has no effect on the answers", async () => {
  await using bench = openBench({ onError: throws, onAppended: throws });
  expect(await bench.move("a", "one", 1)).toEqual({ balance: 1, revision: 1, done: true });
  expect(await bench.move("a", "two", 1)).toEqual({ balance: 2, revision: 2, done: true });
});
