import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import type { Environment } from "@taem/runtime";
import { startTopology, type Topology } from "@taem/testing/topology";
import { brokerServer, eventStoreServer, postgresServer, type Role, serviceRole } from "./roles.ts";

/** An installation on servers of its own, every process of which can be hurt. */
export interface Installation extends AsyncDisposable {
  readonly topology: Topology;
  readonly environment: Environment;
  readonly roles: ReadonlyMap<string, Role>;
  /** Processes of the product that ended without having been ended. */
  readonly deaths: readonly string[];
}

export interface Folders {
  /** For data and logs. */
  readonly data: string;
  /** For the broker alone. */
  readonly broker: string;
}

/** Logs of the product's processes are `<name>.log` in the data folder. What ends is started again unless the signal aborts. */
export async function startInstallation(
  { data, broker }: Folders,
  signal: AbortSignal,
): Promise<Installation> {
  await using undo = new AsyncDisposableStack();
  const postgres = undo.use(await postgresServer(join(data, "postgres")));
  const eventStore = undo.use(await eventStoreServer(join(data, "events.log")));
  const kafka = undo.use(await brokerServer(broker));
  const environment: Environment = {
    DATABASE_URL: postgres.url,
    EVENTSTORE_URL: eventStore.url,
    KAFKA_BROKERS: kafka.brokers,
    TAEM_KAFKA_TOPIC: "taem.events",
    TAEM_KAFKA_PARTITIONS: "6",
  };
  const logs = undo.use(new Logs(data));
  const deaths: string[] = [];
  const topology = undo.use(
    await startTopology(
      "processes",
      { ...environment, TAEM_LOG_LEVEL: "warn" },
      {
        onLine: (name, line) => logs.write(name, line),
        onDeath: (name) => {
          if (signal.aborted) return;
          deaths.push(name);
          void roles.get(name)?.start();
        },
      },
    ),
  );
  const services = [...topology.processes.values()].map(serviceRole);
  const roles = new Map([...services, kafka, postgres, eventStore].map((role) => [role.name, role]));
  const running = undo.move();
  return { topology, environment, roles, deaths, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** One file for each process. */
class Logs implements AsyncDisposable {
  readonly #folder: string;
  readonly #files = new Map<string, ReturnType<typeof createWriteStream>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  write(name: string, line: string): void {
    const file = this.#files.get(name) ?? createWriteStream(join(this.#folder, `${name}.log`));
    this.#files.set(name, file);
    file.write(`${line}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files.values()) {
      file.end();
      await finished(file);
    }
  }
}
