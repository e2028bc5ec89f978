import type { RouteAnswer } from "@taem/client";
import { sharedKafka } from "@taem/testing/kafka/kafka";
import { defineProgramme, enrolMany, succeeds } from "@taem/testing/programme";
import { answered, bookOf } from "@taem/testing/read-model";
import { describeWith } from "@taem/testing/requirement";
import { openServers, startTopology, type Topology, topologies } from "@taem/testing/topology";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// Failures: points that were given are not there yet for whoever asks with the transfer's token; a report with it has points
// under way that have arrived.

const PTS = { currency: "PTS" };
const LANES = 10;
const ROUNDS = 30;

type TrialBalance = RouteAnswer<"GET /v1/programmes/{programme}/trial-balance">;

describeWith("a transfer's token", "kafka", await sharedKafka(), ({ brokers }) => {
  describe.each(topologies())("in topology %s", (name) => {
    const undo = new AsyncDisposableStack();
    let topology: Topology;

    beforeAll(async () => {
      const { environment } = undo.use(await openServers(name, brokers));
      topology = undo.use(await startTopology(name, environment));
    });

    afterAll(() => undo.disposeAsync());

    /** What is under way by the trial balance that is asked with a token. */
    const clearing = async (shop: string, token: string): Promise<string | undefined> => {
      const { body } = await answered(() =>
        topology.api.get(`${shop}/trial-balance?currency=PTS&token=${token}`),
      );
      const [ledger] = (body as unknown as TrialBalance).currencies;
      return ledger?.accounts.find(({ account }) => account.startsWith("clearing"))?.balance;
    };

    const earn = (member: string, points: number) =>
      succeeds(topology.api.post(`${member}/earn`, { ...PTS, points: String(points) }, "e"));

    test("shows the receiver all that was sent, of hundreds", async () => {
      const { api } = topology;
      const shop = await defineProgramme(api, "hundreds");
      const givers = await enrolMany(api, "hundreds", "giver", LANES);
      const takers = await enrolMany(api, "hundreds", "taker", LANES);
      const inLane = async (giver: string, taker: string) => {
        const [from, to] = [`${shop}/members/${giver}`, `${shop}/members/${taker}`];
        await earn(from, 10 * ROUNDS);
        for (let round = 1; round <= ROUNDS; round++) {
          const gift = { ...PTS, points: "10", to: taker };
          const { token } = (await succeeds(api.post(`${from}/transfers`, gift, `t${round}`))).body;
          expect(await bookOf(api, to, token)).toBe(BigInt(10 * round));
          expect(await bookOf(api, from, token)).toBe(BigInt(10 * (ROUNDS - round)));
        }
      };
      await Promise.all(givers.map((giver, lane) => inLane(giver, takers[lane] as string)));
    });

    test("leaves nothing under way in a trial balance; nor does that of its repetition", async () => {
      const { api } = topology;
      const shop = await defineProgramme(api, "clearing");
      const members = await enrolMany(api, "clearing", "member", 12);
      const [giver, ...takers] = members.map((member) => `${shop}/members/${member}`) as [
        string,
        ...string[],
      ];
      await earn(giver, 60 * takers.length);
      for (const taker of takers) {
        const gift = { ...PTS, points: "60", to: taker.split("/").at(-1) };
        const { token } = (await succeeds(api.post(`${giver}/transfers`, gift, taker))).body;
        expect(await clearing(shop, token)).toBe("0");
        const again = (await succeeds(api.post(`${giver}/transfers`, gift, taker))).body;
        expect(again.replayed).toBe(true);
        expect(await clearing(shop, again.token)).toBe("0");
        expect(await bookOf(api, taker, again.token)).toBe(60n);
      }
    });

    test("that its target refused is in the problem, and shows the points back where they were", async () => {
      const { api } = topology;
      const shop = await defineProgramme(api, "refused", { maxBalance: "50" });
      const members = await enrolMany(api, "refused", "member", 6);
      const paths = members.map((member) => `${shop}/members/${member}`);
      const [giver, ...takers] = paths as [string, ...string[]];
      await earn(giver, 60);
      for (const taker of takers) {
        const gift = { ...PTS, points: "60", to: taker.split("/").at(-1) };
        for (const _ of ["first", "repeated"]) {
          const { status, body } = await api.post(`${giver}/transfers`, gift, taker);
          expect([status, body.code]).toEqual([409, "balance_limit_exceeded"]);
          expect(await bookOf(api, giver, body.token)).toBe(60n);
          expect(await clearing(shop, body.token)).toBe("0");
        }
      }
    });
  });
});
