import type { BulkAnswer, BulkLine } from "@taem/client";
import { describe, expect, it } from "vitest";
import { type Api, type Progress, runSimulation } from "../src/index.ts";
import { DomainApi } from "./support/domain-api.ts";
import { yearOf } from "./support/stream.ts";

const PROGRAMME = "demo";

function play(ledger: DomainApi, members = 60, clerk: Api = ledger.as("clerk")) {
  const simulation = yearOf({ members });
  const run = { clerk, supervisor: ledger.as("supervisor"), programme: PROGRAMME, simulation };
  return { simulation, run };
}

describe("a run", () => {
  it("gets from the ledger's domain what the model foresaw: each answer, each balance, the books", async () => {
    const ledger = new DomainApi();
    const { simulation, run } = play(ledger, 200);
    const summary = await runSimulation(run);
    expect(summary.examples).toEqual([]);
    expect(summary.outcomes).toEqual(simulation.oracle.outcomes);
    for (const currency of ["POINT", "STAMP"] as const) {
      const books = simulation.oracle.trialBalance(currency, simulation.endsAt - 1_000);
      expect(books).toEqual(ledger.trialBalance(currency));
      expect([...books.values()].reduce((sum, balance) => sum + balance, 0n)).toBe(0n);
    }
  });

  it("changes nothing when it is repeated", async () => {
    const ledger = new DomainApi();
    await runSimulation(play(ledger).run);
    const before = ledger.events.length;
    const { outcomes, unexpected } = await runSimulation(play(ledger).run);
    expect(unexpected).toBe(0);
    expect(ledger.events).toHaveLength(before);
    expect(new Set(Object.values(outcomes).flatMap((counts) => Object.keys(counts)))).toEqual(
      new Set(["replayed"]),
    );
  });

  it("is taken up in the middle of a day by running it again", async () => {
    const ledger = new DomainApi();
    const broken = breakingOff(ledger.as("clerk"), 700);
    await expect(runSimulation(play(ledger, 60, broken).run)).rejects.toThrow("broken off");
    const { simulation, run } = play(ledger);
    expect((await runSimulation(run)).examples).toEqual([]);
    const books = simulation.oracle.trialBalance("POINT", simulation.endsAt - 1_000);
    expect(ledger.trialBalance("POINT")).toEqual(books);
  });

  it("sends a day again whose lines lost their order on a broken connection", async () => {
    const ledger = new DomainApi();
    const { simulation, run } = play(ledger, 60, puttingOff(ledger.as("clerk"), 40));
    expect((await runSimulation(run)).examples).toEqual([]);
    const books = simulation.oracle.trialBalance("STAMP", simulation.endsAt - 1_000);
    expect(ledger.trialBalance("STAMP")).toEqual(books);
  });

  it("says which answers were not the expected ones, and why", async () => {
    const ledger = new DomainApi();
    const { run } = play(ledger, 60, answeringTwice(ledger.as("clerk")));
    const { unexpected, examples } = await runSimulation(run);
    expect(unexpected).toBeGreaterThan(0);
    expect(examples[0]?.fault).toMatch(/^\d+ points expected, were \d+$/);
    expect(examples.length).toBe(20);
  });

  it("tells how far it is, day by day, and goes live at the end if told to", async () => {
    const ledger = new DomainApi();
    const progress: Progress[] = [];
    const { run } = play(ledger, 5);
    const { lines } = await runSimulation({
      ...run,
      goesLive: true,
      onProgress: (now) => progress.push(now),
    });
    expect(progress.map(({ done }) => done)).toEqual(Array.from({ length: 365 }, (_, i) => i + 1));
    expect(progress.at(-1)).toMatchObject({ done: 365, total: 365, lines });
    const params = { programme: PROGRAMME };
    const { clock } = await ledger.as("clerk").call("GET /v1/programmes/{programme}", { params });
    expect(clock).toEqual({ mode: "live" });
  });
});

/** Carries so many lines out and then breaks, before the answer to the last. */
function breakingOff(api: Api, after: number): Api {
  let left = after;
  return {
    ...api,
    async *bulk(programme, lines) {
      for await (const answer of api.bulk(programme, lines)) {
        left--;
        if (left === 0) throw new Error("broken off");
        yield answer;
      }
    },
  };
}

/** Sends every so-manieth stamp after the other lines of its request, as a client does whose connection broke. */
function puttingOff(api: Api, every: number): Api {
  let stamps = 0;
  const isLate = (line: BulkLine) =>
    line.op === "earn" && line.currency === "STAMP" && ++stamps % every === 0;
  return {
    ...api,
    async *bulk<L extends BulkLine>(programme: string, given: Iterable<L> | AsyncIterable<L>) {
      const slots = [...(given as Iterable<L>)].map((line, place) => ({ line, place, late: isLate(line) }));
      const answers: BulkAnswer<L>[] = [];
      for (const resent of [false, true]) {
        const some = slots.filter(({ late }) => late === resent);
        const sent = api.bulk(
          programme,
          some.map(({ line }) => line),
        );
        let next = 0;
        for await (const answer of sent) answers[some[next++]!.place] = { ...answer, resent };
      }
      yield* answers;
    },
  };
}

/** A ledger that doubles what it says it did. */
function answeringTwice(api: Api): Api {
  return {
    ...api,
    async *bulk(programme, lines) {
      for await (const answer of api.bulk(programme, lines)) {
        if (!("result" in answer) || !("effect" in answer.result) || answer.result.effect.points === "0")
          yield answer;
        else {
          const effect = {
            ...answer.result.effect,
            points: String(2n * BigInt(answer.result.effect.points)),
          };
          yield { ...answer, result: { ...answer.result, effect } };
        }
      }
    },
  };
}
