import { createClient } from "@taem/client";
import { type Api, runSimulation, simulate } from "@taem/simulation";
import { sharedKafka } from "@taem/testing/kafka/kafka";
import { runTool } from "@taem/testing/program-process";
import { defineProgramme, enrolMany, listed, source, succeeds } from "@taem/testing/programme";
import { bookOf } from "@taem/testing/read-model";
import { describeWith } from "@taem/testing/requirement";
import { openServers, startTopology, type Topology, topologies } from "@taem/testing/topology";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canonicalExport, digestsOf } from "./support/canonical-export.ts";

// The same system in one process and in many: the same answers, the same events, the same rows.

const SEED = 20_000;
/** They send some 20,000 commands in their year. */
const MEMBERS = 730;
const YEAR_ENDS_AT = Date.parse("2026-06-01T00:00:00Z");
const WAIT = { timeout: 60_000, interval: 50 };
const exports = new Map<string, readonly string[]>();

describeWith("an installation", "kafka", await sharedKafka(), ({ brokers }) => {
  describe.each(topologies())("in topology %s", (name) => {
    const undo = new AsyncDisposableStack();
    let topology: Topology;

    beforeAll(async () => {
      const { environment } = undo.use(await openServers(name, brokers));
      topology = undo.use(await startTopology(name, environment));
    });

    afterAll(() => undo.disposeAsync());

    test("answers 20,000 commands of every kind as an independent oracle says", async () => {
      const names = new Map<string, string>();
      await using clerk = createClient({ url: topology.url, key: await topology.key("clerk") });
      await using supervisor = createClient({ url: topology.url, key: await topology.key("supervisor") });
      const simulation = simulate({ endsAt: YEAR_ENDS_AT, members: MEMBERS, seed: SEED });
      const summary = await runSimulation({
        clerk: noting(clerk, names),
        supervisor,
        programme: "sim",
        simulation,
      });
      expect(summary).toMatchObject({ unexpected: 0 });
      expect(summary.lines).toBeGreaterThan(SEED);
      await succeeds(topology.api.get("/v1/programmes/sim/trial-balance?consistency=strong"));
      const { body } = await topology.api.get("/v1/programmes/sim");
      names.set((body as unknown as { id: string }).id, "programme");
      exports.set(name, await canonicalExport(topology.environment, names));
    }, 600_000);

    test("writes the events and rows that it always wrote", async () => {
      const digests = digestsOf(exports.get(name) as readonly string[]);
      await expect(`${JSON.stringify(digests, null, 2)}\n`).toMatchFileSnapshot("canonical-digests.json");
    });

    test("a query with a command's token sees what the command did, whichever process answers", async () => {
      const { api } = topology;
      const shop = await defineProgramme(api, "tokens");
      const members = await enrolMany(api, "tokens", "member", 10);
      await Promise.all(
        members.map(async (member) => {
          for (let i = 1; i <= 10; i++) {
            const body = { currency: "PTS", points: "7", source: source(`e${i}`) };
            const { body: answer } = await succeeds(api.post(`${shop}/members/${member}/earn`, body));
            expect(await bookOf(api, `${shop}/members/${member}`, String(answer.token))).toBe(7n * BigInt(i));
          }
        }),
      );
    });

    test("a refund sent again is told as it was at first, alone and in bulk, from either store", async () => {
      const { api } = topology;
      const clock = { mode: "replay", at: "2026-03-10T05:00:00Z" };
      const shop = await defineProgramme(api, "refunds", { clock });
      const [member] = (await enrolMany(api, "refunds", "member", 1)) as [string];
      const path = `${shop}/members/${member}`;
      const does = (route: string, body: object, key: string) =>
        succeeds(api.post(`${path}/${route}`, { currency: "PTS", ...body, source: source(key) }));
      await does("earn", { points: "10", expiresAt: "2026-03-20T00:00:00Z" }, "short");
      await does("earn", { points: "10", expiresAt: "2026-05-20T00:00:00Z" }, "long");
      await does("burn", { points: "15" }, "burn");
      await succeeds(api.put(`${shop}/clock`, { mode: "replay", at: "2026-03-25T05:00:00Z" }));
      const refund = { origin: source("burn"), all: true };
      const first = await does("reversals", refund, "refund");
      const dead = { lot: 1, points: "10" };
      const returned = { restored: [{ lot: 2, points: "5" }, dead], replaced: [], expired: [dead] };
      expect(first.body.effect).toMatchObject({ kind: "burn_reversed", returned });
      await succeeds(api.put(`${shop}/clock`, { mode: "replay", at: "2026-06-25T05:00:00Z" }));
      await does("earn", { points: "1" }, "later");
      const again = await does("reversals", refund, "refund");
      const line = { op: "reverse", member, currency: "PTS", ...refund, source: source("refund") };
      const [inBulk] = await api.bulk("refunds", [line]);
      for (const { status, body } of [again, { status: inBulk?.status, body: inBulk?.result }])
        expect([status, body?.effect]).toEqual([200, first.body.effect]);
    });

    test("what time has done is written down by the scheduler, and reports have it", async () => {
      const { api } = topology;
      const clock = { mode: "replay", at: "2026-01-10T00:00:00Z" };
      const shop = await defineProgramme(api, "time", { clock, expiry: { kind: "end_of_month", count: 1 } });
      const [member] = (await enrolMany(api, "time", "member", 1)) as [string];
      await succeeds(api.post(`${shop}/members/${member}/earn`, { currency: "PTS", points: "40" }, "e"));
      await succeeds(api.put(`${shop}/clock`, { mode: "replay", at: "2026-03-01T00:00:00Z" }));
      const statement = async () => (await api.get(`${shop}/members/${member}/statement?currency=PTS`)).body;
      await expect.poll(async () => JSON.stringify(await statement()), WAIT).toContain(`"kind":"expiry"`);
    });

    test("programmes, members and clients are listed, whichever process answers", async () => {
      const { api } = topology;
      await defineProgramme(api, "listed");
      const members = await enrolMany(api, "listed", "member", 5);
      const strong = "consistency=strong";
      const shown = await listed<{ member: string }>(api.get(`/v1/programmes/listed/members?${strong}`));
      expect(shown.map(({ member }) => member)).toEqual(members.toSorted().toReversed());
      const programmes = await listed<{ programme: string }>(api.get(`/v1/programmes?limit=200&${strong}`));
      expect(programmes.map(({ programme }) => programme)).toContain("listed");
      const clients = await listed<{ name: string }>(api.get(`/v1/clients?limit=100&${strong}`));
      expect(clients.map(({ name }) => name)).toContain("test");
    });

    test("the read models are what the log says, and are made again the same", async () => {
      const { environment } = topology;
      const { exitCode, out } = await runTool(["verify"], environment);
      expect([exitCode, out]).toEqual([0, expect.stringContaining("agree with the read models")]);
      const rebuilt = await runTool(["rebuild", "ledger", "--expect-equal"], environment);
      expect([rebuilt.exitCode, rebuilt.out]).toEqual([0, expect.stringContaining("have taken over")]);
    });
  });

  test.runIf(topologies().length === 2)("events and rows are the same in every topology", () => {
    const [single, processes] = topologies().map((name) => exports.get(name) as readonly string[]);
    expect(single?.length).toBeGreaterThan(SEED);
    expect(processes).toEqual(single);
  });
});

/** Notes which member is which. */
function noting(client: Api, names: Map<string, string>): Api {
  return {
    call: (route, request) => client.call(route, request),
    async *bulk(programme, lines) {
      for await (const answer of client.bulk(programme, lines)) {
        const { line } = answer;
        if (line.op === "enrol" && "result" in answer)
          names.set((answer.result as { member: string }).member, `member ${line.externalId}`);
        yield answer;
      }
    },
  };
}
