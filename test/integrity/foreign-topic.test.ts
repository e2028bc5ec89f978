import { sharedKafka } from "@taem/testing/kafka/kafka";
import { KafkaInstallation, relayed } from "@taem/testing/kafka-installation";
import { describeWith } from "@taem/testing/requirement";
import { expect, test } from "vitest";

// Failures: two installations on one topic, each of which leaves out what the other says, for ever and without refusing;
// somebody who writes into our topic keeps us from starting.

const WAIT = { timeout: 60_000, interval: 50 };

describeWith("a topic", "kafka", await sharedKafka(), ({ brokers }) => {
  test("of another installation is refused by relay and projectors, and commands go on", async () => {
    await using owner = await KafkaInstallation.open(brokers);
    await using other = await KafkaInstallation.open(brokers, owner.topic);
    {
      await using program = await owner.start("commands,relay");
      await owner.define(program.api);
      await relayed(program);
    }
    const before = await owner.messages();
    for (const services of ["relay", "ledger", "scheduler", "commands,relay,ledger,scheduler"]) {
      await expect(other.start(services)).rejects.toMatchObject({
        code: "topic_of_another_installation",
        message: expect.stringContaining("set TAEM_KAFKA_TOPIC"),
      });
    }
    expect(await owner.messages()).toHaveLength(before.length);
    await using commands = await other.start("commands");
    await other.define(commands.api);
  });

  test("of ours stays ours, whoever else has written the newest message of each partition", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    await using other = await KafkaInstallation.open(brokers);
    {
      await using program = await installation.start("commands,relay");
      await using stranger = await other.start("commands,relay");
      for (const [one, running] of [
        [installation, program],
        [other, stranger],
      ] as const) {
        await one.define(running.api);
        await one.trade(running.api, "before");
        await relayed(running);
      }
    }
    await installation.send(await other.messages());
    await using program = await installation.start("commands,relay,ledger");
    await expect.poll(() => program.errors.length, WAIT).toBeGreaterThan(0);
    await installation.trade(program.api, "after");
    await installation.expectAgreement(program.api);
  });

  test("of ours is known again by a database that was restored to before it was told anything", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    await using program = await installation.start("commands,relay,ledger");
    await installation.define(program.api);
    await installation.trade(program.api, "before");
    await relayed(program);
    await program[Symbol.asyncDispose]();
    await using again = await installation.startAfter(
      "commands,relay,ledger",
      "DELETE FROM taem_relay.state",
    );
    await installation.trade(again.api, "after");
    await installation.expectAgreement(again.api);
  });
});
