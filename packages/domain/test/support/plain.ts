import type { AccountState } from "../../src/index.ts";

/** A state as plain data, layers flattened, so that two of them can be compared in full. */
export function plain(state: AccountState) {
  const { open, closed, holds, pending, keys, earnedOnDay, givenBack, ...rest } = state;
  const isOpen = new Set(open.map((lot) => lot.no));
  return {
    ...rest,
    open: open.map((lot) => ({ ...lot })),
    // A lot that was closed and has been given points again stands among the open ones.
    closed: new Map([...closed.entries()].filter(([no]) => !isOpen.has(no)).sort(([a], [b]) => a - b)),
    holds: new Map(holds),
    pending: new Map(pending),
    keys: new Map(
      [...keys.entries()].map(([digest, revision]) => [digest.toString("hex"), revision] as const).sort(),
    ),
    earnedOnDay: new Map([...earnedOnDay.entries()].sort()),
    givenBack: new Map([...givenBack.entries()].sort(([a], [b]) => a - b)),
  };
}
