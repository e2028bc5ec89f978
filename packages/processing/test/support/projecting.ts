import { SLICES } from "@taem/kernel";
import type { Database } from "@taem/postgres";
import { createMetrics, type LogFields, type Logger, type Metrics, systemClock } from "@taem/runtime";
import {
  type EventSource,
  type Link,
  Projector,
  type ProjectorOptions,
  storeLogSource,
} from "../../src/index.ts";
import type { Installation } from "./installation.ts";
import { Sums } from "./sums.ts";

export interface Logged {
  readonly level: string;
  readonly fields: LogFields;
  readonly message: string;
}

export class MemoryLogger implements Logger {
  readonly isDebug = false;
  readonly lines: Logged[] = [];
  readonly #add = (level: string) => (fields: LogFields, message: string) => {
    this.lines.push({ level, fields, message });
  };
  readonly debug = this.#add("debug");
  readonly info = this.#add("info");
  readonly warn = this.#add("warn");
  readonly error = this.#add("error");
  readonly fatal = this.#add("fatal");
  child(): Logger {
    return this;
  }
}

export interface Projecting extends AsyncDisposable {
  readonly projector: Projector;
  readonly projection: Sums;
  readonly logger: MemoryLogger;
  readonly metrics: Metrics;
  /** Resolves when everything appended so far is in the tables, but for what is stopped. */
  caughtUp(): Promise<void>;
}

type Overrides = Partial<Pick<ProjectorOptions, "database" | "store" | "source" | "batchSize">> & {
  readonly projection?: Sums;
};

/** A projector that runs until disposed. */
export async function startProjector(
  installation: Installation,
  overrides: Overrides = {},
): Promise<Projecting> {
  const { database, store } = installation;
  const projection = overrides.projection ?? new Sums();
  const logger = new MemoryLogger();
  const source = storeLogSource(store);
  const metrics = createMetrics();
  const projector = new Projector({
    database,
    store,
    source,
    logger,
    metrics,
    clock: systemClock,
    ...overrides,
    projection,
  });
  await projector.start();
  return {
    projector,
    projection,
    logger,
    metrics,
    caughtUp: () => waitForHead(installation, projector),
    [Symbol.asyncDispose]: () => projector.stop(),
  };
}

async function waitForHead({ store }: Installation, projector: Projector): Promise<void> {
  const position = await store.head();
  for (let slice = 0; slice < SLICES; slice++) {
    if (projector.status().stopped.has(slice)) continue;
    const reached = await projector.waitFor({ slice, position }, 20_000);
    if (!reached && !projector.status().stopped.has(slice))
      throw new Error(`slice ${slice} did not reach ${position}`);
  }
}

/** A source that changes what another one delivers. */
export function altered(
  source: EventSource,
  alter: (links: readonly Link[]) => readonly (readonly Link[])[],
): EventSource {
  return {
    async *read(options) {
      for await (const { links, hasMore } of source.read(options)) {
        for (const part of alter(links)) if (part.length > 0) yield { links: part, hasMore };
      }
    },
  };
}

export async function count(database: Database, from: string): Promise<number> {
  const { rows } = await database.query<{ count: bigint }>(`SELECT count(*) FROM ${from}`);
  return Number(rows[0]?.count);
}
