import type { Activity } from "../effect.ts";
import { type DecisionContext, settings } from "./context.ts";

/** What the client has done on its day, and what it may do at most. */
export interface CeilingReached {
  readonly done: bigint;
  readonly ceiling: bigint;
}

/**
 * Whether more of a kind would lift the client above its ceiling of the day. The ceiling in force now: nobody goes round
 * it by dating a command back.
 */
export function ceilingReached(
  kind: keyof Activity,
  points: bigint,
  context: DecisionContext,
): CeilingReached | undefined {
  const { earnCeiling, adjustmentCeiling } = settings(context, context.now);
  const ceiling = kind === "earned" ? earnCeiling : adjustmentCeiling;
  const done = context.today?.[kind] ?? 0n;
  return ceiling === undefined || done + points <= ceiling ? undefined : { done, ceiling };
}
