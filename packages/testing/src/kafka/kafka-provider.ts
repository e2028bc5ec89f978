import { noteInfrastructure } from "../../../../infra/check/infrastructure.ts";
import { answers } from "../../../../infra/kafka/api-versions.ts";
import { startKafkaBroker } from "../../../../infra/kafka/broker.ts";
import { KafkaMissing, kafkaVersion } from "../../../../infra/kafka/class-path.ts";
import { hasContainerEngine } from "../container-engine.ts";
import type { Found } from "../requirement.ts";
import { startKafkaContainer } from "./kafka-container.ts";

interface ProvidedKafka extends AsyncDisposable {
  /** Comma-separated addresses, as in `KAFKA_BROKERS`. */
  readonly brokers: string;
}

/** In this order: the broker of `KAFKA_BROKERS`, one in a container, one from Maven with its data in `dataDir`. */
export async function provideKafka(dataDir: string): Promise<Found<ProvidedKafka>> {
  const given = process.env["KAFKA_BROKERS"];
  if (given !== undefined) return { found: await givenKafka(given) };

  const version = await kafkaVersion();
  if (await hasContainerEngine()) {
    const found = await startKafkaContainer(version);
    noteInfrastructure("Kafka", `Apache Kafka ${version} in a container`);
    return { found };
  }
  try {
    const found = await startKafkaBroker({ dataDir });
    noteInfrastructure("Kafka", `Apache Kafka ${version} from Maven`);
    return { found };
  } catch (error) {
    if (!(error instanceof KafkaMissing)) throw error;
    return { missing: `KAFKA_BROKERS is not set, no container engine answers, and ${error.message}` };
  }
}

async function givenKafka(brokers: string): Promise<ProvidedKafka> {
  const answering = await Promise.all(brokers.split(",").map((address) => answers(address.trim(), 10_000)));
  if (!answering.includes(true)) throw new Error(`no broker of KAFKA_BROKERS answers: ${brokers}`);
  noteInfrastructure("Kafka", "that of KAFKA_BROKERS");
  return { brokers, [Symbol.asyncDispose]: async () => {} };
}
