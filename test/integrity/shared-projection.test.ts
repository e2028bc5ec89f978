import { Api } from "@taem/testing/api";
import { sharedKafka } from "@taem/testing/kafka/kafka";
import { KafkaInstallation } from "@taem/testing/kafka-installation";
import { type ProgramProcess, startProcess } from "@taem/testing/program-process";
import { describeWith } from "@taem/testing/requirement";
import { expect, test } from "vitest";

// Failures: two projectors that each count everything; one that was taken for dead and writes when it wakes; slices that
// nobody projects after the one that had them died.

const WAIT = { timeout: 120_000, interval: 100 };

/** Events that a process has applied to the ledger's tables. */
async function applied({ monitorUrl }: ProgramProcess): Promise<number> {
  const metrics = await (await fetch(`${monitorUrl}/metrics`)).text();
  return Number(/^taem_projection_events_total\{projection="ledger"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}

describeWith("two processes of the ledger service", "kafka", await sharedKafka(), ({ brokers }) => {
  test("share the work; one that was held, or killed, is stood in for, and writes nothing twice", async () => {
    await using installation = await KafkaInstallation.open(brokers);
    await using writer = await installation.start("commands,relay");
    await installation.define(writer.api);
    const environment = { ...installation.environment, TAEM_SERVICES: "ledger" };
    await using one = await startProcess(environment);
    await using other = await startProcess(environment);
    const token = await installation.key(writer);
    await using askOther = new Api(other.url, token);

    let rounds = 0;
    const bothWork = async () => {
      await installation.trade(writer.api, `shared-${rounds++}`, 1);
      return (await applied(one)) > 0 && (await applied(other)) > 0;
    };
    await expect.poll(bothWork, WAIT).toBe(true);

    one.pause();
    await installation.trade(writer.api, "held");
    await installation.expectRead(askOther);
    one.resume();
    await installation.trade(writer.api, "woken");
    await installation.expectAgreement(askOther);

    await one.kill();
    await installation.trade(writer.api, "killed");
    await installation.expectAgreement(askOther);
  });
});
