import {
  type AccountState,
  type Hold,
  type Lot,
  newAccount,
  type PendingAdjustment,
  type Waiver,
} from "./account-state.ts";

/**
 * An account's state as text and back: a cache of a fold, never a source. The schema names the shape; whoever changes
 * the state or this file changes the schema, and older snapshots are ignored.
 */
export const SNAPSHOT_SCHEMA = "account-4";

const LOT_FIELDS = [
  "no",
  "kind",
  "source",
  "amount",
  "remaining",
  "held",
  "availableFrom",
  "expiresAt",
  "earnedAt",
  "vintage",
  "replaces",
  "effectiveAt",
  "expired",
  "repaid",
  "restored",
  "reversed",
  "forgiven",
  "refunded",
] as const satisfies readonly (keyof Lot)[];

interface Text {
  readonly plain: Pick<
    AccountState,
    | "revision"
    | "book"
    | "held"
    | "matureBy"
    | "debt"
    | "debtEffectiveAt"
    | "deadline"
    | "nextLot"
    | "nextHold"
    | "nextAdjustment"
  >;
  /** Values in the order of LOT_FIELDS. */
  readonly lots: readonly unknown[][];
  readonly open: readonly number[];
  readonly waived: readonly Waiver[];
  readonly holds: readonly Hold[];
  readonly pending: readonly PendingAdjustment[];
  readonly earnedOnDay: readonly [string, bigint][];
  readonly givenBack: readonly [number, bigint][];
  /** 20 bytes each, base64: digest and revision (little-endian). */
  readonly keys: string;
}

export function writeSnapshot(state: AccountState): string {
  const {
    revision,
    book,
    held,
    matureBy,
    debt,
    debtEffectiveAt,
    deadline,
    nextLot,
    nextHold,
    nextAdjustment,
  } = state;
  const text: Text = {
    plain: {
      revision,
      book,
      held,
      matureBy,
      debt,
      debtEffectiveAt,
      deadline,
      nextLot,
      nextHold,
      nextAdjustment,
    },
    lots: [...state.lots.entries()].map(([, lot]) => lotValues(lot)),
    open: state.open,
    waived: state.waived,
    holds: [...state.holds.values()],
    pending: [...state.pending.values()],
    earnedOnDay: [...state.earnedOnDay.entries()],
    givenBack: [...state.givenBack.entries()],
    keys: writeKeys(state),
  };
  return JSON.stringify(text, toJson);
}

export function readSnapshot(snapshot: string): AccountState {
  const text = JSON.parse(snapshot, fromJson) as Text;
  const state: AccountState = { ...newAccount(), ...text.plain, open: [...text.open], waived: text.waived };
  for (const values of text.lots) {
    const lot = lotFrom(values);
    state.lots.set(lot.no, lot);
  }
  for (const hold of text.holds) state.holds.set(hold.no, hold);
  for (const adjustment of text.pending) state.pending.set(adjustment.no, adjustment);
  for (const [day, points] of text.earnedOnDay) state.earnedOnDay.set(day, points);
  for (const [revision, points] of text.givenBack) state.givenBack.set(revision, points);
  readKeys(state, text.keys);
  return state;
}

function lotValues(lot: Lot): unknown[] {
  return LOT_FIELDS.map((field) => lot[field]);
}

function lotFrom(values: readonly unknown[]): Lot {
  return Object.fromEntries(LOT_FIELDS.map((field, i) => [field, values[i]])) as unknown as Lot;
}

const KEY_BYTES = 20;

function writeKeys(state: AccountState): string {
  const bytes = Buffer.alloc(KEY_BYTES * state.keys.size);
  let at = 0;
  for (const [digest, revision] of state.keys.entries()) {
    digest.copy(bytes, at);
    bytes.writeUInt32LE(revision, at + 16);
    at += KEY_BYTES;
  }
  return bytes.toString("base64");
}

function readKeys(state: AccountState, keys: string): void {
  const bytes = Buffer.from(keys, "base64");
  for (let at = 0; at < bytes.length; at += KEY_BYTES) {
    state.keys.addDigest(bytes.subarray(at, at + 16), bytes.readUInt32LE(at + 16));
  }
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
