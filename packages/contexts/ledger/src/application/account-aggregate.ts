import type { Aggregate } from "@taem/event-store";
import {
  type AccountState,
  commit,
  draft,
  evolve,
  newAccount,
  readSnapshot,
  SNAPSHOT_SCHEMA,
  writeSnapshot,
} from "../domain/index.ts";
import { type AccountEvent, accountEvents } from "../events.ts";

/** How the command handler folds an account's stream. */
export const accountAggregate: Aggregate<AccountState, AccountEvent> = {
  events: accountEvents,
  initial: newAccount,
  evolve,
  draft,
  commit,
  /** As accounts of 1 to 10,000 lots were measured, to a tenth; holds, waivers and adjustments by their layout. */
  weight: ({ nextLot, open, keys, holds, nextHold, waived, nextAdjustment }) =>
    2_200 +
    38 * nextLot +
    10 * open.length +
    28 * keys.size +
    300 * holds.size +
    100 * (nextHold - 1) +
    160 * waived.size +
    300 * (nextAdjustment - 1),
  snapshots: { schema: SNAPSHOT_SCHEMA, write: writeSnapshot, read: readSnapshot },
};
