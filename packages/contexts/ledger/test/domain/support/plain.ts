import type { AccountState } from "../../../src/domain/index.ts";

/** A state as plain data, layers flattened, so that two of them can be compared in full. */
export function plain(state: AccountState) {
  const { lots, holds, waived, pending, closedAdjustments, earnedOnDay, givenBack, ...rest } = state;
  return {
    ...rest,
    lots: new Map([...lots.entries()].sort(([a], [b]) => a - b)),
    holds: new Map(holds),
    waived: [...waived],
    pending: new Map(pending),
    closedAdjustments: new Map([...closedAdjustments.entries()].sort(([a], [b]) => a - b)),
    earnedOnDay: new Map([...earnedOnDay.entries()].sort()),
    givenBack: new Map([...givenBack.entries()].sort(([a], [b]) => a - b)),
  };
}
