/**
 * The oracle: an account told as naively as the rules can be told, sharing no code with the domain. A lot is the list
 * of what happened to it; every total is added up anew; time is walked through instant by instant. It knows nothing
 * of events, revisions, parts or sweeps.
 *
 * The calendar is that of Asia/Bangkok, seven hours ahead for ever.
 */

export interface ModelRules {
  readonly clawback: "only_pending" | "within_balance" | "unlimited";
  /** Days after the earn day through which points are valid. */
  readonly termDays?: number;
  readonly inactivityDays?: number;
  readonly graceDays: number;
  readonly holdSeconds: number;
  readonly maxHoldSeconds: number;
  readonly transferExpiry: "kept" | "replaced";
  readonly maxBalance?: bigint;
  readonly adjustmentLimit: bigint;
  /** How long an adjustment waits for a second person; for ever when absent. */
  readonly adjustmentSeconds?: number;
  /** Nobody has to wait for a second person. */
  readonly singleHanded: boolean;
  readonly spend: {
    readonly per: bigint;
    readonly points: bigint;
    readonly minimum: bigint;
    readonly maxPerOrder?: bigint;
    readonly maxPerDay?: bigint;
    readonly rounding: "down" | "half_up" | "half_even" | "up";
    readonly pendingSeconds: number;
  };
}

type Fate =
  | "begun"
  | "debited"
  | "given_back"
  | "expired"
  | "repaid"
  | "returned"
  /** Taken to make good another lot's return. */
  | "recovered";

export interface ModelLot {
  readonly no: number;
  readonly earned: boolean;
  readonly amount: bigint;
  readonly earnedAt: number;
  readonly availableFrom: number;
  readonly expiresAt: number;
  readonly spend?: bigint;
  readonly capDay?: number;
  /** The first lot for which this one stands in. */
  readonly replaces?: number;
  effectiveAt: number;
  readonly moves: { readonly fate: Fate; readonly amount: bigint }[];
  readonly returns: {
    readonly amount: bigint;
    readonly restored: bigint;
    readonly spent: bigint;
    readonly expired: bigint;
    readonly refunded: bigint;
  }[];
}

export interface Call {
  readonly key: string;
  readonly occurredAt: number;
  readonly now: number;
  readonly actor: string;
}

/** How much to reverse; neither = all. */
export type By = { readonly points?: bigint; readonly spend?: bigint; readonly all?: true };

export interface ModelHold {
  readonly no: number;
  readonly parts: readonly { readonly lot: number; readonly amount: bigint }[];
  readonly timeoutAt: number;
  readonly effectiveAt: number;
}

/** What a return had to leave, as it was out; and how many holds, and burns and transfers, there had been by then. */
export interface ModelWaiver {
  left: bigint;
  readonly at: number;
  readonly holds: number;
  readonly departures: number;
}

export interface ModelRedemption {
  /** Of the departures; and the hold it captured. */
  readonly no: number;
  readonly hold?: number;
  readonly takes: { readonly lot: number; readonly amount: bigint; back: bigint }[];
}

export interface ModelAdjustment {
  readonly no: number;
  readonly direction: "credit" | "debit" | "write_off";
  readonly points: bigint;
  readonly by: string;
  readonly askedAt: number;
  readonly lapsesAt: number;
}

export interface ModelAccount {
  readonly name: string;
  readonly lots: ModelLot[];
  holds: ModelHold[];
  holdsEver: number;
  waiting: ModelAdjustment[];
  adjustmentsEver: number;
  /** Burns, captures and transfers out. */
  departuresEver: number;
  readonly waivers: ModelWaiver[];
  debt: bigint;
  debtEffectiveAt: number;
  deadline: number;
  /** What each applied key did. */
  readonly applied: Map<string, { earn?: number; redemption?: ModelRedemption }>;
}

export const NEVER = Number.POSITIVE_INFINITY;

export function newModel(name: string): ModelAccount {
  return {
    name,
    lots: [],
    holds: [],
    holdsEver: 0,
    waiting: [],
    adjustmentsEver: 0,
    departuresEver: 0,
    waivers: [],
    debt: 0n,
    debtEffectiveAt: 0,
    deadline: NEVER,
    applied: new Map(),
  };
}

const DAY = 86_400_000;
const OFFSET = 7 * 3_600_000;

export const dayOf = (at: number): number => Math.floor((at + OFFSET) / DAY);

/** The instant after the last valid day, which lies `days` after the day of `at`. */
export const afterDays = (at: number, days: number): number => (dayOf(at) + days + 1) * DAY - OFFSET;

export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

const add = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);

export function fated(lot: ModelLot, ...fates: Fate[]): bigint {
  return add(lot.moves.filter((move) => fates.includes(move.fate)).map((move) => move.amount));
}

export function returned(lot: ModelLot, what: "amount" | "restored" | "spent" | "expired" | "refunded") {
  return add(lot.returns.map((part) => part[what]));
}

function remaining(lot: ModelLot): bigint {
  const out = fated(lot, "debited", "expired", "repaid", "returned", "recovered");
  return fated(lot, "begun", "given_back") - out;
}

function held(account: ModelAccount, lot: ModelLot): bigint {
  const parts = account.holds.flatMap((hold) => hold.parts);
  return add(parts.filter((part) => part.lot === lot.no).map((part) => part.amount));
}

export const free = (account: ModelAccount, lot: ModelLot): bigint => remaining(lot) - held(account, lot);

export const diesAt = (account: ModelAccount, lot: ModelLot): number =>
  Math.min(lot.expiresAt, account.deadline);

export const lotOf = (account: ModelAccount, no: number): ModelLot => account.lots[no - 1] as ModelLot;

function burnOrder(account: ModelAccount): ModelLot[] {
  const by = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);
  return [...account.lots].sort(
    (a, b) => by(a.expiresAt, b.expiresAt) || by(a.earnedAt, b.earnedAt) || by(a.no, b.no),
  );
}

export function usable(account: ModelAccount, now: number): ModelLot[] {
  return burnOrder(account).filter(
    (lot) => lot.availableFrom <= now && now < diesAt(account, lot) && free(account, lot) > 0n,
  );
}

export const available = (account: ModelAccount, now: number): bigint =>
  add(usable(account, now).map((lot) => free(account, lot)));

export const book = (account: ModelAccount): bigint => add(account.lots.map(remaining));

export function view(account: ModelAccount, now: number) {
  const settled = structuredClone(account);
  settle(settled, now);
  const inHolds = add(settled.lots.map((lot) => held(settled, lot)));
  const usableNow = available(settled, now);
  return {
    book: book(settled),
    available: usableNow,
    held: inHolds,
    pending: book(settled) - inHolds - usableNow,
    debt: settled.debt,
    waiting: settled.waiting.map(({ no }) => no),
    lots: Object.fromEntries(
      settled.lots
        .filter((lot) => remaining(lot) > 0n)
        .map((lot) => [lot.no, `${remaining(lot)} held ${held(settled, lot)}`]),
    ),
  };
}

export function move(account: ModelAccount, lot: ModelLot, fate: Fate, amount: bigint, at: number): void {
  if (amount < 0n) throw new Error("the model moves backwards");
  lot.moves.push({ fate, amount });
  lot.effectiveAt = Math.max(lot.effectiveAt, at);
  if (free(account, lot) < 0n) throw new Error("the model overdraws a lot");
}

export function owe(account: ModelAccount, change: bigint, at: number): void {
  account.debt += change;
  account.debtEffectiveAt = Math.max(account.debtEffectiveAt, at);
  if (account.debt < 0n) throw new Error("the model repays more than is owed");
}

/** Lets time pass: every instant at which anything could change is visited in order. */
export function settle(account: ModelAccount, now: number): void {
  account.waiting = account.waiting.filter(({ lapsesAt }) => lapsesAt > now);
  const instants = [
    now,
    account.deadline,
    account.debtEffectiveAt,
    ...account.holds.flatMap((hold) => [hold.timeoutAt, hold.effectiveAt]),
    ...account.lots.flatMap((lot) => [lot.expiresAt, lot.availableFrom, lot.effectiveAt]),
  ];
  const due = [...new Set(instants)].filter((at) => at <= now).sort((a, b) => a - b);
  for (const at of due) tick(account, at, now);
}

function tick(account: ModelAccount, at: number, now: number): void {
  for (const hold of account.holds) {
    if (hold.timeoutAt > at) continue;
    endHold(account, hold, hold.timeoutAt);
    comeBack(account, hold.parts, (out) => hold.no <= out.holds, Math.max(hold.timeoutAt, hold.effectiveAt));
  }
  for (const lot of account.lots) {
    const left = free(account, lot);
    if (left === 0n || diesAt(account, lot) > at || readyAt(account, lot) < diesAt(account, lot)) continue;
    move(account, lot, "expired", left, diesAt(account, lot));
  }
  for (const lot of burnOrder(account)) {
    const ready = readyAt(account, lot);
    const part = least(free(account, lot), account.debt);
    const isDue = ready <= at || (at === now && lot.availableFrom <= now);
    if (part === 0n || !isDue || ready >= diesAt(account, lot)) continue;
    move(account, lot, "repaid", part, ready);
    owe(account, -part, ready);
  }
}

/** When a lot's points are there and something is owed; never where nothing is. */
function readyAt(account: ModelAccount, lot: ModelLot): number {
  return account.debt === 0n ? NEVER : Math.max(lot.availableFrom, lot.effectiveAt, account.debtEffectiveAt);
}

/** A hold ends: its points are free again from then on. */
export function endHold(account: ModelAccount, hold: ModelHold, at: number): void {
  account.holds = account.holds.filter((other) => other !== hold);
  for (const part of hold.parts) {
    const lot = lotOf(account, part.lot);
    lot.effectiveAt = Math.max(lot.effectiveAt, hold.effectiveAt, at);
  }
}

/** Points came back: they pay for what returns had to leave while they were out, and those of dead lots for debt. */
export function comeBack(
  account: ModelAccount,
  parts: readonly { readonly lot: number; readonly amount: bigint }[],
  wasOut: (waiver: ModelWaiver) => boolean,
  at: number,
): void {
  const waivers = account.waivers.filter((waiver) => waiver.left > 0n && wasOut(waiver));
  let from = at;
  const left = parts.map(({ amount }) => amount);
  parts.forEach((_, i) => {
    for (const waiver of waivers) {
      const part = least(left[i] as bigint, waiver.left);
      if (part === 0n) continue;
      from = Math.max(from, waiver.at);
      waiver.left -= part;
      left[i] = (left[i] as bigint) - part;
    }
  });
  parts.forEach(({ lot, amount }, i) => {
    const part = amount - (left[i] as bigint);
    if (part > 0n) move(account, lotOf(account, lot), "recovered", part, from);
  });
  const ready = Math.max(from, account.debtEffectiveAt);
  const { debt } = account;
  parts.forEach(({ lot: no }, i) => {
    const lot = lotOf(account, no);
    const part = least(left[i] as bigint, account.debt);
    if (debt === 0n || part === 0n || lot.availableFrom >= diesAt(account, lot)) return;
    if (diesAt(account, lot) > ready) return;
    move(account, lot, "repaid", part, ready);
    owe(account, -part, ready);
  });
}

/** What counts with its beginning is there at once, whatever the clock says. */
export function begin(account: ModelAccount, lot: Omit<ModelLot, "no" | "moves" | "returns">): void {
  const moves = [{ fate: "begun" as const, amount: lot.amount }];
  const availableFrom = lot.availableFrom > lot.effectiveAt ? lot.availableFrom : 0;
  account.lots.push({ ...lot, availableFrom, no: account.lots.length + 1, moves, returns: [] });
}

/** Actors are called `name (id)`. */
export function idOf(actor: string): string {
  return actor.slice(actor.lastIndexOf("(") + 1, -1);
}

export function waitingOn(account: ModelAccount, no: number): ModelAdjustment | string {
  const waiting = account.waiting.find((one) => one.no === no);
  return waiting ?? (no <= account.adjustmentsEver ? "adjustment_closed" : "adjustment_unknown");
}

export function isOwn(waiting: ModelAdjustment, { actor }: Call): boolean {
  return waiting.by === idOf(actor);
}
