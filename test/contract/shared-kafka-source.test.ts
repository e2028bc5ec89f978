import { sharedSource } from "@taem/processing";
import { eventSourceContract } from "@taem/processing/contract";
import { sharedKafka } from "@taem/testing/kafka/kafka";
import { openRelayedLog } from "@taem/testing/relayed-log";
import { describeWith } from "@taem/testing/requirement";

describeWith("a relayed log", "kafka", await sharedKafka(), ({ brokers }) => {
  eventSourceContract("Kafka, shared", async () => {
    const log = await openRelayedLog(brokers);
    await log.startRelay();
    return {
      ...log,
      source: sharedSource({ source: log.source(), beginsAtCheckpoints: false, store: log.store }),
    };
  });
});
