import { keyedAggregate } from "@taem/event-store";
import {
  type AccountState,
  agreesWith,
  assertBalanced,
  commit,
  draft,
  follow,
  isSameState,
  newAccount,
  readSnapshot,
  SNAPSHOT_SCHEMA,
  writeSnapshot,
} from "../domain/index.ts";
import { type AccountEvent, accountEvents } from "../events.ts";

/** How the command handler folds an account's stream: what it has appended, and what it is about to append. */
export const accountAggregate = keyedAggregate<AccountState, AccountEvent>({
  events: accountEvents,
  owner: ({ member }) => member,
  initial: newAccount,
  evolve(state, event) {
    assertBalanced(event);
    return follow(state, event);
  },
  draft,
  commit,
  /** As accounts of 1 to 10,000 lots were measured, to a tenth; holds, waivers and adjustments by their layout. */
  weight: ({ nextLot, open, holds, nextHold, waived, nextAdjustment }) =>
    2_200 +
    38 * nextLot +
    10 * open.length +
    300 * holds.size +
    100 * (nextHold - 1) +
    160 * waived.size +
    300 * (nextAdjustment - 1),
  snapshots: {
    schema: SNAPSHOT_SCHEMA,
    write: writeSnapshot,
    read: readSnapshot,
    agrees: agreesWith,
    isSame: isSameState,
  },
});
