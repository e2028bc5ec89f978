import { type Database, openPool } from "@taem/postgres";
import { sharedKafka } from "@taem/testing/kafka/kafka";
import { KafkaInstallation } from "@taem/testing/kafka-installation";
import { runTool, startProcess } from "@taem/testing/program-process";
import { describeWith } from "@taem/testing/requirement";
import { expect, test } from "vitest";

// Failure: a process with several projections tells Kafka that it is done with what only some of them have, and is killed:
// the others never get it, or those that had it get it twice.

const WAIT = { timeout: 60_000, interval: 50 };
const ROLES = "ledger,scheduler";
/** Offsets are committed every five seconds. */
const COMMITTED_WITHIN_MS = 6_000;

/** What the group of the process has committed, by partition. */
function committed(installation: KafkaInstallation): Promise<ReadonlyMap<number, number>> {
  const { topic } = installation;
  return installation.asAdmin(async (admin) => {
    const { groups } = await admin.listGroups();
    const group = groups.find(({ groupId }) => groupId.startsWith(`${topic}.`));
    if (group === undefined) return new Map();
    const [offsets] = await admin.fetchOffsets({ groupId: group.groupId, topics: [topic] });
    return new Map(offsets?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
  });
}

async function expectReached(database: Database, projection: string, position: string): Promise<void> {
  const behind = `SELECT slice FROM taem_${projection}.checkpoints WHERE position < $1`;
  await expect.poll(() => database.queryArrays(behind, [position]), WAIT).toEqual([]);
}

describeWith("a process with several projections", "kafka", await sharedKafka(), ({ brokers }) => {
  test.each([
    ["ledger", "sweeps"],
    ["sweeps", "ledger"],
  ])(
    "killed while %s is behind %s loses nothing for the one and repeats nothing for the other",
    async (slow, quick) => {
      await using installation = await KafkaInstallation.open(brokers);
      const { environment, topic } = installation;
      const url = environment["DATABASE_URL"] as string;
      await using database = openPool({ url, max: 2, applicationName: "test" });
      await using writer = await installation.start("commands,relay");
      const { api, platform } = writer;
      await installation.define(api);
      await using killed = await startProcess({ ...environment, TAEM_SERVICES: ROLES });
      let rounds = 0;
      const trade = () => installation.trade(api, `round-${rounds++}`, 1);
      const hasCommitted = async () => {
        await trade();
        return [...(await committed(installation)).values()].some((offset) => offset > 0);
      };
      await expect.poll(hasCommitted, WAIT).toBe(true);

      const ends = await database.transaction(async (holder) => {
        await holder.query(`LOCK TABLE taem_${slow}.checkpoints IN SHARE MODE`);
        const ends = await installation.asAdmin((admin) => admin.fetchTopicOffsets(topic));
        for (const until = performance.now() + COMMITTED_WITHIN_MS; performance.now() < until; )
          await trade();
        await expectReached(database, quick, await platform.store.head());
        await killed.kill();
        return ends;
      });
      const offsets = await committed(installation);
      for (const { partition, offset } of ends)
        expect(offsets.get(partition), `of partition ${partition}`).toBeLessThanOrEqual(Number(offset));

      await using next = await installation.start(ROLES);
      await installation.expectRead(next.api);
      await trade();
      await installation.expectRead(next.api);
      for (const name of [slow, quick]) {
        await expectReached(database, name, await platform.store.head());
        const rebuilt = await runTool(["rebuild", name, "--expect-equal"], environment);
        expect([rebuilt.exitCode, rebuilt.out]).toEqual([0, expect.stringContaining("have taken over")]);
      }
      expect(next.errors).toEqual([]);
    },
  );
});
