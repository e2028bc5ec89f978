import { setTimeout as delay } from "node:timers/promises";
import type { EventStore, RecordedEvent } from "@taem/event-store";
import type { Database } from "@taem/postgres";
import { audit, type Findings, overdue, underWay } from "@taem/testing/auditor";
import { PROJECTIONS } from "@taem/testing/product";
import { wholeLog } from "@taem/testing/test-store";

/** A log that nothing will be added to by itself, and read models that have all of it. */
export interface Settled {
  readonly log: readonly RecordedEvent[];
  readonly findings: Findings;
}

const LIMIT_MS = 300_000;
const POLL_MS = 500;
/** A moment more than the scheduler's rounds are apart. */
const QUIET_MS = 2_500;

/** Waits for it. Rejects, saying what is missing, when it does not come about. */
export async function settle(store: EventStore, database: Database): Promise<Settled> {
  const deadline = Date.now() + LIMIT_MS;
  let missing: string | undefined = "nothing was looked at";
  while (Date.now() < deadline) {
    const head = await store.head().catch(() => "");
    missing = await lagging(database, head).catch((error: Error) => error.message);
    if (missing === undefined) {
      const log = await wholeLog(store);
      const findings = audit(log);
      missing = unfinished(findings);
      await delay(missing === undefined ? QUIET_MS : POLL_MS);
      if (missing === undefined && (await store.head()) === head && log.at(-1)?.position === head) {
        return { log, findings };
      }
    } else await delay(POLL_MS);
  }
  throw new Error(`not settled after ${LIMIT_MS / 1_000} s: ${missing ?? "events are still being added"}`);
}

/** Who does not have everything up to a position. */
async function lagging(database: Database, head: string): Promise<string | undefined> {
  for (const projection of PROJECTIONS) {
    const [row] = await database.queryArrays<[number, string, number]>(
      `SELECT slice, position, parked FROM taem_${projection}.checkpoints ORDER BY position, slice LIMIT 1`,
    );
    const [slice, position] = row ?? [];
    if (position === undefined || position < head)
      return `${projection} is at ${position} of ${head} in slice ${slice}`;
    const [parked] = await database.queryArrays<[string]>(
      `SELECT sum(parked) FROM taem_${projection}.checkpoints`,
    );
    if (Number(parked?.[0]) > 0) return `${projection} has parked streams`;
  }
  return undefined;
}

function unfinished(findings: Findings): string | undefined {
  const points = underWay(findings);
  if (points !== 0n) return `${points} points are on their way between members`;
  return overdue(findings, Date.now());
}
