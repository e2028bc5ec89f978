import { openTcpProxy } from "@taem/postgres/testing";
import { describe, expect, it } from "vitest";
import { type BulkAnswer, type BulkLine, ClientError, createClient } from "../src/index.ts";
import { enrolment, enrolments, KEY, openToyApi } from "./support/toy-api.ts";

type Enrolment = BulkLine & { readonly op: "enrol" };

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const idsOf = (answers: readonly BulkAnswer<Enrolment>[]) => answers.map(({ line }) => line.externalId);

describe("bulk", () => {
  it("gives each line its answer, in the order of the lines", async () => {
    await using api = await openToyApi(async (id) => {
      // Later lines are ready first.
      for (let turns = 50 - Number(id.slice(1)); turns > 0; turns--) await Promise.resolve();
      return undefined;
    });
    await using client = createClient({ url: api.url, key: KEY });
    const answers = await collect(client.bulk("the-1", enrolments(50)));
    expect(idsOf(answers)).toEqual(enrolments(50).map(({ externalId }) => externalId));
    expect(
      answers.every((answer) => "result" in answer && answer.result.member === answer.line.externalId),
    ).toBe(true);
    expect(answers.every(({ status, resent }) => status === 201 && !resent)).toBe(true);
  });

  it("makes no request for no lines", async () => {
    await using client = createClient({ url: "http://127.0.0.1:9", key: KEY });
    expect(await collect(client.bulk("the-1", []))).toEqual([]);
  });

  it("answers a line before it asks for the next", async () => {
    await using api = await openToyApi();
    await using client = createClient({ url: api.url, key: KEY });
    let answered = Promise.withResolvers<void>();
    async function* oneByOne() {
      for (const line of enrolments(5)) {
        yield line;
        await answered.promise;
        answered = Promise.withResolvers();
      }
    }
    const ids: string[] = [];
    for await (const answer of client.bulk("the-1", oneByOne())) {
      ids.push(answer.line.externalId);
      answered.resolve();
    }
    expect(ids).toEqual(["m0", "m1", "m2", "m3", "m4"]);
  });

  it("takes no more lines from its source than may be in flight", async () => {
    await using api = await openToyApi();
    await using client = createClient({ url: api.url, key: KEY, maxInFlight: 8 });
    let taken = 0;
    let most = 0;
    let answered = 0;
    function* counted() {
      for (const line of enrolments(200)) {
        taken += 1;
        most = Math.max(most, taken - answered);
        yield line;
      }
    }
    for await (const _ of client.bulk("the-1", counted())) answered += 1;
    expect(answered).toBe(200);
    expect(most).toBeLessThanOrEqual(9); // eight in flight, and the answer in our hand
  });

  it("carries more lines than one request holds", async () => {
    await using api = await openToyApi();
    await using client = createClient({ url: api.url, key: KEY });
    const answers = await collect(client.bulk("the-1", enrolments(10_001)));
    expect(new Set(idsOf(answers)).size).toBe(10_001);
    expect(api.arrived).toHaveLength(10_001);
  });

  it("gives a line's problem as its answer and goes on", async () => {
    await using api = await openToyApi(async (id) => (id === "m1" ? "member_unknown" : undefined));
    await using client = createClient({ url: api.url, key: KEY });
    const answers = await collect(client.bulk("the-1", enrolments(3)));
    expect(answers.map((answer) => ("problem" in answer ? answer.problem.code : answer.status))).toEqual([
      201,
      "member_unknown",
      201,
    ]);
  });

  it("lets the source end when nobody wants more answers", async () => {
    await using api = await openToyApi();
    await using client = createClient({ url: api.url, key: KEY, maxInFlight: 2 });
    let ended = false;
    function* endless() {
      try {
        for (let i = 0; ; i++) yield enrolment(`m${i}`);
      } finally {
        ended = true;
      }
    }
    for await (const _ of client.bulk("the-1", endless())) break;
    expect(ended).toBe(true);
  });

  it.each([
    [
      "at once",
      () => {
        throw new Error("broken source");
      },
    ],
    [
      "later",
      async () => {
        throw new Error("broken source");
      },
    ],
  ])("rejects with what its source throws %s", async (_, fail) => {
    await using api = await openToyApi();
    await using client = createClient({ url: api.url, key: KEY });
    const lines = { [Symbol.asyncIterator]: () => ({ next: fail }) };
    await expect(collect(client.bulk("the-1", lines))).rejects.toThrow("broken source");
  });
});

describe("when a connection breaks", () => {
  it("sends what is unanswered again, and every line gets one answer", async () => {
    let cut: () => void = () => undefined;
    await using api = await openToyApi(async (id, arrivals) => {
      if (arrivals === 1 && ["m20", "m60"].includes(id)) cut();
      return undefined;
    });
    await using proxy = await openTcpProxy(api.url);
    cut = proxy.cut;
    await using client = createClient({ url: proxy.url, key: KEY, maxInFlight: 10 });
    const answers = await collect(client.bulk("the-1", enrolments(100)));
    expect(idsOf(answers)).toEqual(enrolments(100).map(({ externalId }) => externalId));
    expect(new Set(api.arrived).size).toBe(100);
    expect(answers.some(({ resent }) => resent)).toBe(true);
    expect(answers.filter(({ resent }) => !resent).length).toBeGreaterThan(70);
  });

  it("gives up after the deadline, saying that nobody answers", async () => {
    await using client = createClient({ url: "http://127.0.0.1:9", key: KEY, deadlineMs: 50 });
    const failure = collect(client.bulk("the-1", enrolments(1)));
    await expect(failure).rejects.toMatchObject({ code: "unreachable", retryable: true });
  });
});

describe("when the API says no", () => {
  it("repeats a line that it puts off, which keeps its place among the answers", async () => {
    await using api = await openToyApi(async (id, arrivals) =>
      id === "m3" && arrivals < 3 ? "overloaded" : undefined,
    );
    await using client = createClient({ url: api.url, key: KEY, maxInFlight: 4 });
    const answers = await collect(client.bulk("the-1", enrolments(20)));
    expect(idsOf(answers)).toEqual(enrolments(20).map(({ externalId }) => externalId));
    expect(answers.filter(({ resent }) => resent).map(({ line }) => line.externalId)).toContain("m3");
    expect(api.arrived.filter((id) => id === "m3")).toHaveLength(3);
  });

  it("gives up on a line that is put off beyond the deadline, with its code", async () => {
    await using api = await openToyApi(async () => "overloaded" as const);
    await using client = createClient({ url: api.url, key: KEY, deadlineMs: 100 });
    await expect(collect(client.bulk("the-1", enrolments(2)))).rejects.toMatchObject({ code: "overloaded" });
  });

  it("sends a line once that may be done only after another one, and says so", async () => {
    await using api = await openToyApi(async (id) => (id === "m3" ? "origin_unknown" : undefined));
    await using client = createClient({ url: api.url, key: KEY });
    const answers = await collect(client.bulk("the-1", enrolments(5)));
    expect(answers.find(({ line }) => line.externalId === "m3")).toMatchObject({
      problem: { code: "origin_unknown", retryable: true },
    });
    expect(api.arrived).toHaveLength(5);
  });

  it("rejects at once where no line could be done", async () => {
    await using api = await openToyApi();
    await using client = createClient({ url: api.url, key: "wrong" });
    const failure = collect(client.bulk("the-1", enrolments(1_000)));
    await expect(failure).rejects.toBeInstanceOf(ClientError);
    await expect(failure).rejects.toMatchObject({ code: "unauthenticated", retryable: false });
    expect(api.arrived).toEqual([]);
  });
});
