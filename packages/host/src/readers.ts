import type { Database } from "@taem/postgres";
import { assertOfThisLog } from "@taem/processing";
import { OperatorError } from "@taem/runtime";
import type { Config } from "./config.ts";
import type { AnyContext } from "./context.ts";
import { projectionsOf } from "./contexts.ts";
import type { Store } from "./event-store.ts";
import { relayTable } from "./transport.ts";

interface ReadLog {
  readonly database: Database;
  readonly store: Store;
  readonly contexts: readonly AnyContext[];
}

/**
 * Throws `checkpoint_beyond_head` or `checkpoint_not_in_log` where whatever reads the log in this database, be it another
 * process, has read what the log has not: who wrote on would make a log that only seems to be the one that was read.
 */
export async function assertReadersOfThisLog(platform: ReadLog, config: Config): Promise<void> {
  for (const projection of projectionsOf(platform)) await assertOfThisLog({ ...platform, projection });
  if (config.KAFKA_BROKERS === undefined) return;
  const relay = await relayTable(platform.database, config.TAEM_KAFKA_TOPIC);
  await relay.assertOfThisLog(platform.store);
}

const ASTRAY: readonly string[] = ["checkpoint_beyond_head", "checkpoint_not_in_log"];

/** As `assertReadersOfThisLog`, for who goes on to tell of it: undefined where all have read this log. */
export async function whoReadAnotherLog(
  platform: ReadLog,
  config: Config,
): Promise<OperatorError | undefined> {
  try {
    await assertReadersOfThisLog(platform, config);
    return undefined;
  } catch (error) {
    if (error instanceof OperatorError && ASTRAY.includes(error.code)) return error;
    throw error;
  }
}
