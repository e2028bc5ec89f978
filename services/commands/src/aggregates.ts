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
} from "@taem/ledger/domain";
import { type AccountEvent, accountEvents } from "@taem/ledger/events";
import { evolveProgramme, type Programme } from "@taem/programme/definitions";
import { type DefinitionEvent, definitionEvents } from "@taem/programme/events";

/** How the command handler folds each kind of stream. */

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

export const programmeAggregate: Aggregate<Programme | undefined, DefinitionEvent> = {
  events: definitionEvents,
  initial: () => undefined,
  evolve: evolveProgramme,
  draft: (state) => state,
  commit: (state) => state,
  weight: (state) => 4_096 + 1_024 * (state?.proposals.open.size ?? 0),
};
