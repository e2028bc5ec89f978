import { sharedSource } from "@taem/processing";
import { eventSourceContract } from "@taem/processing/contract";
import { sharedKafka } from "../support/kafka/kafka.ts";
import { openRelayedLog } from "../support/relayed-log.ts";
import { describeWith } from "../support/requirement.ts";

describeWith("a relayed log", "kafka", await sharedKafka(), ({ brokers }) => {
  eventSourceContract("Kafka, shared", async () => {
    const log = await openRelayedLog(brokers);
    await log.startRelay();
    return { ...log, source: sharedSource({ source: log.source(), store: log.store }) };
  });
});
