import { openEsdbEventStore } from "@taem/event-store-esdb";
import { openPostgresEventStore } from "@taem/event-store-postgres";
import type { Answer, Api, Body } from "@taem/testing/api";
import { audit, overdue } from "@taem/testing/auditor";
import { sharedKafka } from "@taem/testing/kafka/kafka";
import { runTool } from "@taem/testing/program-process";
import { defineProgramme, enrolMany, seeded, source, succeeds } from "@taem/testing/programme";
import { describeWith } from "@taem/testing/requirement";
import { wholeLog } from "@taem/testing/test-store";
import { openServers, startTopology, type Topology, topologies } from "@taem/testing/topology";
import { expect, test } from "vitest";

// Failures: while tables are built anew and take over, a query sees half-built ones, or older ones than its token stands for; a
// timer is lost between the old tables and the new.

const PTS = { currency: "PTS" };
const SHOP = "/v1/programmes/shop";
const LANES = 12;
const HISTORY = 6_000;
const WAIT = { timeout: 120_000, interval: 250 };

/** Repeats while the read model says that it is behind. */
async function answered(ask: () => Promise<Answer>): Promise<Body> {
  for (;;) {
    const answer = await ask();
    if (answer.body.code !== "read_model_behind") return (await succeeds(Promise.resolve(answer))).body;
  }
}

/** Members who trade one command after the other, and after each read what it has come to. */
class Traffic implements AsyncDisposable {
  readonly #api: Api;
  readonly #members: readonly string[];
  readonly #running: Promise<unknown>;
  #isOver = false;
  /** Balances that were read by token, and agreed. */
  reads = 0;

  constructor(api: Api, members: readonly string[]) {
    this.#api = api;
    this.#members = members;
    this.#running = Promise.all(Array.from({ length: LANES }, (_, lane) => this.#trade(lane)));
    // Its failure is met at the end.
    this.#running.catch(() => {});
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }

  /** Two members of its own: nobody else changes what it reads. */
  async #trade(lane: number): Promise<void> {
    const [member, to] = this.#members.slice(2 * lane) as [string, string];
    const random = seeded(lane);
    for (let i = 0; !this.#isOver; i++) {
      const operation = (["earn", "earn", "burn", "transfers"] as const)[random(4)] as string;
      const body = { ...PTS, points: String(1 + random(20)), source: source(`t${i}`) };
      const named = operation === "transfers" ? { ...body, to } : body;
      const { body: told } = await succeeds(this.#api.post(`${SHOP}/members/${member}/${operation}`, named));
      const path = `${SHOP}/members/${member}/balance?currency=PTS`;
      const token = encodeURIComponent(String(told.token));
      const read = await answered(() => this.#api.get(`${path}&token=${token}`));
      const strong = await answered(() => this.#api.get(`${path}&consistency=strong`));
      expect([read.balance, strong.balance]).toEqual([told.balance, told.balance]);
      this.reads++;
    }
  }
}

async function preload(api: Api, members: readonly string[]): Promise<void> {
  const lines = Array.from({ length: HISTORY }, (_, i) => {
    const member = members[i % members.length] as string;
    return { op: "earn", ...PTS, points: "1000", member, source: source(`h${i}`) };
  });
  for (const { status } of await api.bulk("shop", lines)) expect(status).toBe(201);
}

/** Points that die and holds that time out a moment later, which only the scheduler writes down. */
async function leaveToScheduler(api: Api, member: string, name: string): Promise<void> {
  const expiresAt = new Date(Date.now() + 1_500).toISOString();
  const earned = { ...PTS, points: "9", expiresAt, source: source(`${name} earn`) };
  await succeeds(api.post(`${SHOP}/members/${member}/earn`, earned));
  const held = { ...PTS, points: "5", timeoutSeconds: 1, source: source(`${name} hold`) };
  await succeeds(api.post(`${SHOP}/members/${member}/holds`, held));
}

async function everythingSwept({ environment }: Topology): Promise<void> {
  const [esdb, postgres] = [environment["EVENTSTORE_URL"], environment["DATABASE_URL"] as string];
  await using store = await (esdb === undefined
    ? openPostgresEventStore({ url: postgres, max: 1 })
    : openEsdbEventStore({ url: esdb }));
  await expect.poll(async () => overdue(audit(await wholeLog(store)), Date.now()), WAIT).toBe(undefined);
}

describeWith("rebuilt under traffic", "kafka", await sharedKafka(), ({ brokers }) => {
  test.each(topologies())(
    "no balance disagrees with the strong read at its token, and no timer is lost (topology %s)",
    async (name) => {
      await using servers = await openServers(name, brokers);
      await using topology = await startTopology(name, servers.environment);
      const { api, environment } = topology;
      await defineProgramme(api, "shop");
      const members = await enrolMany(api, "shop", "member", 2 * LANES + 1);
      await preload(api, members);
      const idle = members.at(-1) as string;
      await using traffic = new Traffic(api, members);
      for (const [i, rebuild] of [
        ["ledger", "--expect-equal"],
        ["sweeps", "--expect-equal"],
        ["transfers", "--expect-equal"],
        ["ledger", "--expect-equal"],
        ["sweeps", "--expect-equal"],
      ].entries()) {
        const before = traffic.reads;
        await leaveToScheduler(api, idle, `round ${i}`);
        const { exitCode, out, err } = await runTool(["rebuild", ...rebuild], environment);
        expect([exitCode, out + err]).toEqual([0, expect.stringContaining("have taken over")]);
        expect(traffic.reads - before).toBeGreaterThan(LANES);
      }
      await traffic.end();
      await everythingSwept(topology);
      const verified = await runTool(["verify"], environment);
      expect([verified.exitCode, verified.out]).toEqual([
        0,
        expect.stringContaining("agree with the read models"),
      ]);
    },
    600_000,
  );
});
