import { randomUUID } from "node:crypto";
import { sharedKafka } from "@taem/testing/kafka/kafka";
import { relayed } from "@taem/testing/kafka-installation";
import { PROJECTIONS } from "@taem/testing/product";
import { startTestProgram, type TestProgram } from "@taem/testing/program";
import { runTool } from "@taem/testing/program-process";
import { defineProgramme, source, succeeds } from "@taem/testing/programme";
import { outstandingOf } from "@taem/testing/read-model";
import { describeWith } from "@taem/testing/requirement";
import { openSite, type Site } from "@taem/testing/site";
import { expect, test } from "vitest";

// Failures: a topic goes on telling what a restored log has lost, and read models believe it; a relay tells the rest of another
// log behind it, and nobody sees where one ends and the other begins.

const WAIT = { timeout: 60_000, interval: 50 };
const MALEE = "/v1/programmes/shop/members/ext:malee";
const ALL = "commands,relay,ledger,scheduler";

describeWith("with a log restored from an older backup", "kafka", await sharedKafka(), ({ brokers }) => {
  const environmentOf = (site: Site, topic: string) => ({
    ...site.environment,
    KAFKA_BROKERS: brokers,
    TAEM_KAFKA_TOPIC: topic,
    TAEM_KAFKA_PARTITIONS: "3",
  });

  /** A site on whose topic everything was told, with a backup of before its last event. */
  async function openTold(undo: AsyncDisposableStack) {
    const site = undo.use(await openSite("EventStoreDB"));
    const topic = `taem.restored.${randomUUID()}`;
    const start = (services: string, onTopic = topic): Promise<TestProgram> =>
      startTestProgram(site.databaseUrl, { environment: environmentOf(site, onTopic), services });
    {
      await using program = await start(ALL);
      await defineProgramme(program.api, "shop");
      await succeeds(program.api.post("/v1/programmes/shop/members", { externalId: "malee" }));
      await earn(program, "kept", "500");
      expect(await outstandingOf(program.api, "shop")).toBe(500n);
      await relayed(program);
    }
    const backup = { log: await site.backUpLog(), database: await site.backUpDatabase() };
    {
      await using program = await start(ALL);
      await earn(program, "lost", "300");
      expect(await outstandingOf(program.api, "shop")).toBe(800n);
      await relayed(program);
    }
    return { site, topic, start, backup };
  }

  test.each([
    ["the log goes on as it is told", false],
    ["the log has grown beyond them first", true],
  ])(
    "and the database of then, lost events that the topic tells are left out, loudly, where %s",
    async (_, apart) => {
      await using undo = new AsyncDisposableStack();
      const { site, start, backup } = await openTold(undo);
      await site.restoreLog(backup.log);
      await site.restoreDatabase(backup.database);
      if (apart) {
        await using program = await start("commands");
        for (const points of [1, 2, 3]) await earn(program, `other ${points}`, String(points));
      }
      await using program = await start(ALL);
      if (!apart) for (const points of [1, 2, 3]) await earn(program, `other ${points}`, String(points));
      await earn(program, "last", "4");
      expect(await outstandingOf(program.api, "shop")).toBe(510n);
      await relayed(program);
      await expectAgreement(site);
      const left = "messages that are not of this log were left out";
      await expect.poll(() => program.errors.some((error) => error.startsWith(left)), WAIT).toBe(true);
      expect(program.errors.filter((error) => !error.startsWith(left))).toEqual([]);
    },
  );

  test("and the database of now, all refuse, and the advice of the refusals puts it right", async () => {
    await using undo = new AsyncDisposableStack();
    const { site, topic, start, backup } = await openTold(undo);
    await site.restoreLog(backup.log);
    for (const services of ["commands", "relay", "ledger", "scheduler", ALL])
      await expect(start(services), services).rejects.toMatchObject({ code: "checkpoint_beyond_head" });
    for (const name of PROJECTIONS) {
      const rebuilt = await runTool(
        ["rebuild", name, "--expect-changes", "--accept-lost-events", "--yes"],
        environmentOf(site, topic),
      );
      expect([name, rebuilt.exitCode]).toEqual([name, 0]);
    }
    await expect(start(ALL)).rejects.toMatchObject({
      code: "checkpoint_beyond_head",
      message: expect.stringContaining("set TAEM_KAFKA_TOPIC to a topic that was never used"),
    });
    const verified = await runTool(["verify"], environmentOf(site, topic));
    expect([verified.exitCode, verified.out]).toEqual([3, expect.stringContaining("the relay to topic")]);
    await using program = await start(ALL, `${topic}.2`);
    await earn(program, "lost", "300");
    expect(await outstandingOf(program.api, "shop")).toBe(800n);
    await relayed(program);
    await expectAgreement(site);
    expect(program.errors).toEqual([]);
  });
});

/** Log and read models, which have caught up, say the same. */
async function expectAgreement({ environment }: Site): Promise<void> {
  const verified = await runTool(["verify"], environment);
  expect([verified.exitCode, verified.out]).toEqual([
    0,
    expect.stringContaining("agree with the read models"),
  ]);
  const rebuilt = await runTool(["rebuild", "ledger"], environment);
  expect([rebuilt.exitCode, rebuilt.out]).toEqual([0, expect.stringContaining("have taken over")]);
}

async function earn({ api }: TestProgram, receipt: string, points: string): Promise<void> {
  await succeeds(api.post(`${MALEE}/earn`, { currency: "PTS", points, source: source(receipt) }));
}
