import {
  type AccountState,
  type ClosedAdjustment,
  type EndedHold,
  type Hold,
  newAccount,
  type PendingAdjustment,
} from "./account-state.ts";
import { PackedLots, type PackedText } from "./packed-lots.ts";
import { type Waiver, Waivers } from "./waivers.ts";

/**
 * An account's state as text and back: a cache of a fold, never a source. The schema names the shape; whoever changes
 * the state or this file changes the schema, and older snapshots are ignored.
 */
export const SNAPSHOT_SCHEMA = "account-10";

interface Text {
  readonly plain: Pick<
    AccountState,
    | "revision"
    | "book"
    | "held"
    | "matureBy"
    | "newestEarn"
    | "earnsLateBy"
    | "debt"
    | "debtEffectiveAt"
    | "deadline"
    | "nextLot"
    | "nextHold"
    | "nextWaiver"
    | "nextAdjustment"
  >;
  readonly lots: PackedText;
  readonly open: readonly number[];
  readonly waived: readonly Waiver[];
  readonly holds: readonly Hold[];
  readonly endedHolds: readonly [number, EndedHold][];
  readonly pending: readonly PendingAdjustment[];
  readonly closedAdjustments: readonly [number, ClosedAdjustment][];
  readonly earnedOnDay: readonly [string, bigint][];
  readonly givenBack: readonly [number, bigint][];
}

export function writeSnapshot(state: AccountState): string {
  const {
    revision,
    book,
    held,
    matureBy,
    newestEarn,
    earnsLateBy,
    debt,
    debtEffectiveAt,
    deadline,
    nextLot,
    nextHold,
    nextWaiver,
    nextAdjustment,
  } = state;
  const text: Text = {
    plain: {
      revision,
      book,
      held,
      matureBy,
      newestEarn,
      earnsLateBy,
      debt,
      debtEffectiveAt,
      deadline,
      nextLot,
      nextHold,
      nextWaiver,
      nextAdjustment,
    },
    lots: packed(state).toText(),
    open: state.open,
    waived: [...state.waived],
    holds: [...state.holds.values()],
    endedHolds: [...state.endedHolds.entries()],
    pending: [...state.pending.values()],
    closedAdjustments: [...state.closedAdjustments.entries()],
    earnedOnDay: [...state.earnedOnDay.entries()],
    givenBack: [...state.givenBack.entries()],
  };
  return JSON.stringify(text, toJson);
}

export function readSnapshot(snapshot: string): AccountState {
  const text = JSON.parse(snapshot, fromJson) as Text;
  const lots = PackedLots.fromText(text.lots);
  const { open } = text;
  const waived = Waivers.none.with(text.waived);
  const state: AccountState = { ...newAccount(), ...text.plain, lots, open: [...open], waived };
  for (const [no, ended] of text.endedHolds) state.endedHolds.set(no, ended);
  state.holds = new Map(text.holds.map((hold) => [hold.no, hold]));
  state.pending = new Map(text.pending.map((adjustment) => [adjustment.no, adjustment]));
  for (const [no, closed] of text.closedAdjustments) state.closedAdjustments.set(no, closed);
  for (const [day, points] of text.earnedOnDay) state.earnedOnDay.set(day, points);
  for (const [revision, points] of text.givenBack) state.givenBack.set(revision, points);
  return state;
}

function packed({ lots }: AccountState): PackedLots {
  if (lots instanceof PackedLots) return lots;
  const copy = new PackedLots();
  for (const [no, lot] of lots.entries()) copy.set(no, lot);
  return copy;
}

/** Amounts and the instant that never comes have no JSON of their own; a text that looks like an amount is marked. */
function toJson(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return `#${value}`;
  if (typeof value === "string" && value.startsWith("#")) return `#${value}`;
  return value === Number.POSITIVE_INFINITY ? null : value;
}

function fromJson(_: string, value: unknown): unknown {
  if (value === null) return Number.POSITIVE_INFINITY;
  if (typeof value !== "string" || !value.startsWith("#")) return value;
  return value.startsWith("##") ? value.slice(1) : BigInt(value.slice(1));
}
