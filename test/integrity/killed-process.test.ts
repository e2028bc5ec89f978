import { openPostgresEventStore } from "@taem/event-store-postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { Api, type Body, type Effect } from "@taem/testing/api";
import { audit, underWay } from "@taem/testing/auditor";
import { clientKey } from "@taem/testing/client-key";
import { type ProgramProcess, startProcess } from "@taem/testing/program-process";
import { defineProgramme, enrolMany, seeded, source } from "@taem/testing/programme";
import { expectAgreement, outstandingOf } from "@taem/testing/read-model";
import { wholeLog } from "@taem/testing/test-store";
import { expect, test } from "vitest";

// Failures: kill -9 in the middle of a batch loses what was acknowledged, or what was repeated is done twice, or leaves
// read models that are not what the log says.

const PTS = { currency: "PTS" };
const MEMBERS = 40;
const SEED = 1_000_000n;
const COMMANDS = 2_400;
const BULK_LINES = 400;
const LANES = 24;
const LIVES = 2;

interface Command {
  readonly op: "earn" | "burn" | "transfer";
  readonly member: string;
  readonly points: string;
  readonly to?: string;
  readonly source: { readonly system: string; readonly id: string; readonly leg: string };
}

const ROUTE = { earn: "earn", burn: "burn", transfer: "transfers" } as const;

/** Commands by number, each with a key of its own; what became of each. */
class Workload {
  readonly commands: readonly Command[];
  readonly sent = new Set<number>();
  readonly effects = new Map<number, Effect>();
  /** Since it was last cleared. */
  readonly answered = new Set<number>();
  #next = 0;

  constructor(members: readonly string[]) {
    const random = seeded(42);
    const pick = () => members[random(members.length)] as string;
    this.commands = Array.from({ length: COMMANDS }, (_, i) => {
      const member = pick();
      const other = members.find((candidate) => candidate !== member) as string;
      const op = (["earn", "burn", "transfer"] as const)[random(3)] as Command["op"];
      const points = String(1 + random(9));
      return { op, member, points, ...(op === "transfer" ? { to: other } : {}), source: source(`c${i}`) };
    });
  }

  /** Numbers of the next commands; none are left at the end. */
  take(count: number): number[] {
    const from = this.#next;
    this.#next = Math.min(COMMANDS, from + count);
    return Array.from({ length: this.#next - from }, (_, i) => from + i);
  }

  async send(api: Api, i: number): Promise<void> {
    this.sent.add(i);
    const { op, member, ...body } = this.commands[i] as Command;
    const path = `/v1/programmes/shop/members/${member}/${ROUTE[op]}`;
    const answer = await api.post(path, { ...PTS, ...body });
    this.#take(i, answer.status, answer.body);
  }

  async sendBulk(api: Api, numbers: readonly number[]): Promise<void> {
    for (const i of numbers) this.sent.add(i);
    const lines = numbers.map((i) => JSON.stringify({ ...PTS, ...this.commands[i] })).join("\n");
    for await (const { line, status, result, problem } of api.bulkStream("shop", lines)) {
      this.#take(numbers[line - 1] as number, status, result ?? problem);
    }
  }

  /** What was said once is said again. A busy machine may answer that it does not know yet: then it is asked again. */
  #take(i: number, status: number, { effect, code }: Body): void {
    if (status >= 300) {
      expect(["outcome_unknown", "overloaded"]).toContain(code);
      return;
    }
    expect(effect).toEqual(this.effects.get(i) ?? effect);
    this.effects.set(i, effect);
    this.answered.add(i);
  }
}

/** Sends commands until so many have been acknowledged, then kills the process under the rest. */
async function liveAndDie(program: ProgramProcess, api: Api, work: Workload, until: number): Promise<void> {
  let dying: Promise<void> | undefined;
  const lane = async (send: () => Promise<void> | undefined) => {
    while (dying === undefined) {
      const sending = send();
      if (sending === undefined) return;
      try {
        await sending;
      } catch (error) {
        // Only the death of the process excuses a request that fails.
        if (dying === undefined) throw error;
      }
      if (work.effects.size >= until) dying ??= program.kill();
    }
  };
  const singles = Array.from({ length: LANES }, () =>
    lane(() => {
      const [i] = work.take(1);
      return i === undefined ? undefined : work.send(api, i);
    }),
  );
  const bulk = lane(() => {
    const numbers = work.take(BULK_LINES);
    return numbers.length === 0 ? undefined : work.sendBulk(api, numbers);
  });
  await Promise.all([...singles, bulk]);
  await dying;
}

test("kill -9 in the middle of a batch: acknowledged is once, the rest at most once, repeating is safe", async () => {
  await using database = await createTestDatabase();
  await using store = await openPostgresEventStore({ url: database.url, max: 2 });
  let program = await startProcess({ DATABASE_URL: database.url });
  const token = await clientKey(store, "test");
  let work: Workload;
  {
    await using api = new Api(program.url, token);
    await defineProgramme(api, "shop");
    const members = await enrolMany(api, "shop", "member", MEMBERS);
    const seeds = members.map((member) => ({
      ...{ op: "earn", ...PTS, points: String(SEED), member, source: source("seed") },
    }));
    for (const { status } of await api.bulk("shop", seeds)) expect(status).toBe(201);
    work = new Workload(members);
  }

  for (let life = 1; life <= LIVES; life++) {
    await using api = new Api(program.url, token);
    await liveAndDie(program, api, work, life * 800);
    const { effects } = audit(await wholeLog(store));
    for (const i of work.commands.keys()) {
      const count = effects.get(`pos c${i} main`) ?? 0;
      if (work.effects.has(i)) expect(count, `acknowledged command ${i}`).toBe(1);
      else expect(count, `command ${i}`).toBeLessThanOrEqual(work.sent.has(i) ? 1 : 0);
    }
    program = await startProcess({ DATABASE_URL: database.url });
  }

  await using last = program;
  await using api = new Api(last.url, token);
  expect(work.sent.size).toBeGreaterThan(work.effects.size);
  const all = [...work.commands.keys()];
  work.answered.clear();
  for (let left = all; left.length > 0; left = all.filter((i) => !work.answered.has(i))) {
    await work.sendBulk(api, left.slice(0, all.length / 2));
    for (let i = all.length / 2; i < left.length; i += 100) {
      await Promise.all(left.slice(i, i + 100).map((number) => work.send(api, number)));
    }
  }
  const books = audit(await wholeLog(store));
  expect(underWay(books)).toBe(0n);
  for (const i of all) expect(books.effects.get(`pos c${i} main`), `command ${i}`).toBe(1);
  const total = [...books.accounts.values()].reduce((sum, { book }) => sum + book, 0n);
  const sign = { earn: 1n, burn: -1n, transfer: 0n };
  const expected = work.commands.reduce((sum, { op, points }) => sum + sign[op] * BigInt(points), 0n);
  expect(total).toBe(SEED * BigInt(MEMBERS) + expected);
  expect(await outstandingOf(api, "shop")).toBe(total);
  await expectAgreement(database.url);
});
