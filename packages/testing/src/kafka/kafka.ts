import { mkdtemp } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { inject } from "vitest";
import { noteInfrastructure } from "../../../../infra/check/infrastructure.ts";
import { type KafkaBroker, startKafkaBroker } from "../../../../infra/kafka/broker.ts";
import { findKafka, KafkaMissing } from "../../../../infra/kafka/class-path.ts";
import type { Found } from "../requirement.ts";
import { deskSocket } from "./global-setup.ts";

/** The broker that all tests of this run share: name topics and groups so that nobody else has them. */
export interface SharedKafka {
  /** Comma-separated addresses, as in `KAFKA_BROKERS`. */
  readonly brokers: string;
}

/** Starts the shared broker unless another file of this run has. */
export async function sharedKafka(): Promise<Found<SharedKafka>> {
  const answer = await text(connect(deskSocket(inject("kafkaRun"))));
  const kafka = JSON.parse(answer) as Found<string> | { failed: string };
  if ("failed" in kafka) throw new Error(kafka.failed);
  return "found" in kafka ? { found: { brokers: kafka.found } } : kafka;
}

/** Brokers for tests that hurt them. */
export interface OwnKafka {
  /** An empty folder, which goes with the run. Wipe it to have a broker that lost everything. */
  makeDataDir(): Promise<string>;
  /** See `startKafkaBroker`. What a test leaves running is ended with the run. */
  start(options: { dataDir: string; port?: number }): Promise<KafkaBroker>;
}

/** Brokers from Maven, whatever the shared one is: no other can be killed, stopped and started over. */
export async function ownKafka(): Promise<Found<OwnKafka>> {
  try {
    const { version } = await findKafka();
    noteInfrastructure("Kafka", `Apache Kafka ${version} from Maven`);
  } catch (error) {
    if (error instanceof KafkaMissing) return { missing: error.message };
    throw error;
  }
  return {
    found: { makeDataDir: () => mkdtemp(join(inject("kafkaRun"), "own-")), start: startKafkaBroker },
  };
}
