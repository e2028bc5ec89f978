import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEventStoreDb } from "@taem/testing/eventstoredb/eventstoredb-provider";
import { startServerProcess } from "@taem/testing/eventstoredb/server-process";
import { provideKafka } from "@taem/testing/kafka/kafka-provider";
import {
  beginInfrastructure,
  noteInfrastructure,
  takeInfrastructure,
} from "../../infra/check/infrastructure.ts";
import { readYaml } from "../deployment/support/files.ts";
import { taemImage } from "../deployment/support/image.ts";
import type { Environment } from "./processes.ts";

/** Of the container's memory; here there is no container. */
const OLD_SPACE = "--max-old-space-size-percentage=";
const MEGABYTES = { m: 1, g: 1_024 };

/** EventStoreDB and Kafka, with nothing on them. */
export interface DistributedServers extends AsyncDisposable {
  readonly environment: Environment;
  /** Which they are: a figure means nothing without it. */
  readonly description: string;
}

/** Rejects where there is no Kafka to be had. */
export async function startDistributedServers(): Promise<DistributedServers> {
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "taem-bench-"));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  beginInfrastructure();
  const kafka = await provideKafka(join(folder, "kafka"));
  if ("missing" in kafka) throw new Error(`no Kafka: ${kafka.missing}`);
  undo.use(kafka.found);
  const { url } = undo.use(await startEventStore(folder));
  const environment = { EVENTSTORE_URL: url, KAFKA_BROKERS: kafka.found.brokers };
  const started = undo.move();
  return {
    environment,
    description: takeInfrastructure().join("; "),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** The test server in a process of its own, unless there is a real one: this process generates the load. */
async function startEventStore(folder: string) {
  if (process.env["EVENTSTORE_URL"] !== undefined) return await openEventStoreDb();
  noteInfrastructure(
    "EventStoreDB",
    "test server (memory, and a file that is not synced): no server's figures",
  );
  return await startServerProcess({ data: join(folder, "events.log") });
}

const { services } = readYaml<{
  services: Record<
    string,
    { readonly environment?: Environment; readonly mem_limit?: string | number } | undefined
  >;
}>("docker-compose.yml");

/** The options of Node that a service's container runs with. */
export function nodeOptions(service: string): Environment {
  const { environment, mem_limit: limit = "" } = services[service] ?? {};
  const options = { ...taemImage.environment, ...environment }["NODE_OPTIONS"];
  const percentage = taemImage.entryPoint.find((one) => one.startsWith(OLD_SPACE))?.slice(OLD_SPACE.length);
  const megabytes =
    (MEGABYTES[String(limit).at(-1) as "m"] * Number.parseInt(String(limit), 10) * Number(percentage)) / 100;
  if (options === undefined || Number.isNaN(megabytes))
    throw new Error("docker-compose.yml and the image do not say what Node is given");
  return { NODE_OPTIONS: `${options} --max-old-space-size=${Math.round(megabytes)}` };
}
