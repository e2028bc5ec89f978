import type { AccountEvent, DefinitionEvent, MemberEvent } from "@taem/contracts";
import {
  type AccountState,
  commit,
  draft,
  evolve,
  evolveProgramme,
  newAccount,
  type Programme,
  readSnapshot,
  SNAPSHOT_SCHEMA,
  writeSnapshot,
} from "@taem/domain";
import type { Aggregate } from "@taem/event-store";

/** How the command handler folds each kind of stream. */

export const accountAggregate: Aggregate<AccountState, AccountEvent> = {
  initial: newAccount,
  evolve,
  draft,
  commit,
  /** An estimate by the layout: 136 bytes a lot and 20 a key, in tables that are half to wholly full. */
  weight: ({ nextLot, keys, holds, waived }) =>
    1_500 + 150 * nextLot + 40 * keys.size + 300 * holds.size + 160 * waived.size,
  snapshots: { schema: SNAPSHOT_SCHEMA, write: writeSnapshot, read: readSnapshot },
};

export const programmeAggregate: Aggregate<Programme | undefined, DefinitionEvent> = {
  initial: () => undefined,
  evolve: evolveProgramme,
  draft: (state) => state,
  commit: (state) => state,
  weight: () => 4_096,
};

/** A stream whose first event settles whom something belongs to: members, external ids, programme-wide keys. */
export type Claim = MemberEvent | DefinitionEvent | undefined;

export const claimAggregate: Aggregate<Claim, MemberEvent | DefinitionEvent> = {
  initial: () => undefined,
  evolve: (state, event) => state ?? event,
  draft: (state) => state,
  commit: (state) => state,
  weight: () => 300,
};
