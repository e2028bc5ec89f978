import type { RecordedEvent } from "@taem/event-store";

/**
 * Reads the log as an auditor would: the raw JSON of each event, added up by arithmetic of its own that shares nothing
 * with the product. Throws at the first thing that cannot be.
 */
export interface Findings {
  readonly accounts: ReadonlyMap<string, Account>;
  /** By member id: the account, where a member has one. */
  of(member: string): Account;
  /** How many commands were applied under a key `system id leg`, over all accounts. */
  readonly effects: ReadonlyMap<string, number>;
  /** What was done under each key: its type, and the amounts of all its parts. */
  readonly applied: ReadonlyMap<string, Applied>;
  /** How often each member was enrolled, by our id. */
  readonly enrolled: ReadonlyMap<string, number>;
  /** Balance of each account of the double-entry reading, positive = debit, in the order of their names; zeros too. */
  readonly ledger: ReadonlyMap<string, bigint>;
}

export interface Applied {
  readonly type: string;
  amount: bigint;
}

export interface Account {
  readonly member: string;
  book: bigint;
  debt: bigint;
  /** Sent to other members and not returned, less what came from them: 0 in all when every transfer has ended. */
  clearing: bigint;
  /** Left in each lot. */
  readonly lots: Map<number, bigint>;
  /** When lots die, in milliseconds since the epoch, and when open holds time out. */
  readonly expiries: Map<number, number>;
  readonly timeouts: Map<number, number>;
  /** Amounts by event type, summed. */
  readonly sums: Map<string, bigint>;
  readonly keys: Set<string>;
}

interface Part {
  readonly lot: number;
  readonly amount: string;
}

interface NewLot {
  readonly no: number;
  readonly amount: string;
  readonly expiresAt?: number;
}

interface Share {
  readonly source: string;
  readonly amount: string;
  readonly unreferenced?: boolean;
}

interface Data {
  readonly member: string;
  readonly book: string;
  readonly amount?: string;
  readonly debt?: string;
  readonly key?: { readonly system: string; readonly id: string; readonly leg: string };
  readonly part?: { readonly index: number; readonly count: number };
  readonly takes?: readonly Part[];
  readonly restored?: readonly Part[];
  readonly lot?: NewLot;
  readonly lots?: readonly NewLot[];
  readonly replacements?: readonly NewLot[];
  readonly released?: readonly Part[];
  readonly hold?: number;
  readonly timeoutAt?: number;
  readonly redemption?: string;
  readonly reason?: string;
  readonly unreferenced?: boolean;
  readonly issuance?: readonly Share[];
  readonly returns?: readonly Share[];
}

/** Types whose `takes` leave the account; those of a hold stay in it. */
const DEBITS = new Set([
  "PointsBurned",
  "HoldCaptured",
  "PointsExpired",
  "DebtRepaid",
  "WaiverRecovered",
  "EarnReversed",
  "TransferOut",
  "AdjustmentDebited",
]);
const CLEARING: Readonly<Record<string, bigint>> = {
  TransferOut: 1n,
  TransferIn: -1n,
  TransferReturned: -1n,
};

export function audit(log: readonly RecordedEvent[]): Findings {
  checkOrder(log);
  const accounts = new Map<string, Account>();
  const effects = new Map<string, number>();
  const applied = new Map<string, Applied>();
  const enrolled = new Map<string, number>();
  const counter = new Map<string, bigint>();
  for (const event of log) {
    const data = JSON.parse(event.data) as Data;
    if (event.type === "MemberEnrolled") enrolled.set(data.member, (enrolled.get(data.member) ?? 0) + 1);
    if (!event.stream.startsWith("taem.account-")) continue;
    const account = accounts.get(event.stream) ?? newAccount(data.member);
    accounts.set(event.stream, account);
    apply(account, event.type, data);
    const where = `${event.stream} ${event.revision} ${event.type}`;
    if (account.book !== BigInt(data.book)) throw new Error(`${where} states ${data.book}: ${account.book}`);
    if (account.debt < 0n) throw new Error(`${where}: debt below zero`);
    if (data.key !== undefined && (data.part?.index ?? 1) === 1) count(account, data.key, effects, where);
    if (data.key !== undefined) note(applied, textOf(data.key), event.type, amountOf(data));
    for (const [name, amount] of counterEntries(event.type, data)) add(counter, name, amount);
  }
  const of = (member: string) =>
    [...accounts.values()].find((account) => account.member === member) ?? newAccount(member);
  return { accounts, of, effects, applied, enrolled, ledger: ledgerOf(accounts, counter) };
}

/** Positions rise, revisions have no gaps, no event is there twice. */
function checkOrder(log: readonly RecordedEvent[]): void {
  const heads = new Map<string, number>();
  const ids = new Set<string>();
  let last = "";
  for (const { id, stream, revision, position } of log) {
    if (position <= last) throw new Error(`position ${position} after ${last}`);
    last = position;
    const head = heads.get(stream) ?? 0;
    if (revision !== head + 1) throw new Error(`${stream}: revision ${revision} after ${head}`);
    heads.set(stream, revision);
    if (ids.has(id)) throw new Error(`event ${id} is there twice`);
    ids.add(id);
  }
}

function newAccount(member: string): Account {
  const maps = { lots: new Map(), expiries: new Map(), timeouts: new Map(), sums: new Map() };
  return { member, book: 0n, debt: 0n, clearing: 0n, ...maps, keys: new Set() };
}

function apply(account: Account, type: string, data: Data): void {
  const created = [data.lot, ...(data.lots ?? []), ...(data.replacements ?? [])];
  for (const lot of created) {
    if (lot === undefined) continue;
    change(account, lot.no, BigInt(lot.amount));
    if (lot.expiresAt !== undefined) account.expiries.set(lot.no, lot.expiresAt);
  }
  if (data.hold !== undefined) account.timeouts.delete(data.hold);
  if (data.hold !== undefined && type === "HoldPlaced") account.timeouts.set(data.hold, data.timeoutAt ?? 0);
  for (const { lot, amount } of data.restored ?? []) change(account, lot, BigInt(amount));
  if (DEBITS.has(type)) {
    for (const { lot, amount } of data.takes ?? []) change(account, lot, -BigInt(amount));
  }
  if (type === "EarnReversed") account.debt += BigInt(data.debt ?? 0);
  if (type === "DebtRepaid" || type === "DebtWrittenOff") account.debt -= BigInt(data.amount ?? 0);
  const amount = BigInt(data.amount ?? data.lot?.amount ?? 0);
  account.clearing += (CLEARING[type] ?? 0n) * amount;
  account.sums.set(type, (account.sums.get(type) ?? 0n) + amount);
}

function change(account: Account, lot: number, by: bigint): void {
  const left = (account.lots.get(lot) ?? 0n) + by;
  if (left < 0n) throw new Error(`${account.member}: lot ${lot} falls below zero`);
  account.lots.set(lot, left);
  account.book += by;
}

function textOf({ system, id, leg }: NonNullable<Data["key"]>): string {
  return `${system} ${id} ${leg}`;
}

function amountOf({ amount, lot, released = [] }: Data): bigint {
  if (amount !== undefined) return BigInt(amount);
  return lot === undefined ? sum(released) : BigInt(lot.amount);
}

function sum(parts: readonly { readonly amount: string }[]): bigint {
  return parts.reduce((all, { amount }) => all + BigInt(amount), 0n);
}

function note(applied: Map<string, Applied>, key: string, type: string, amount: bigint): void {
  const known = applied.get(key);
  if (known === undefined) applied.set(key, { type, amount });
  else known.amount += amount;
}

function add(balances: Map<string, bigint>, name: string, amount: bigint): void {
  balances.set(name, (balances.get(name) ?? 0n) + amount);
}

/** What an event does to every account of the ledger but what is owed and what members owe back, which the lots say. */
function counterEntries(type: string, data: Data): (readonly [name: string, amount: bigint])[] {
  const amount = amountOf(data);
  const issuance = (shares: readonly Share[] = []) =>
    shares.map((share) => {
      const isUnreferenced = share.unreferenced ?? data.unreferenced;
      const name = `issuance:${share.source}${isUnreferenced ? ":unreferenced_returns" : ""}`;
      return [name, -BigInt(share.amount)] as const;
    });
  switch (type) {
    case "PointsEarned":
      return [[`issuance:${data.key?.system}`, amount]];
    case "EarnReversed":
      return issuance(data.issuance);
    case "WaiverRecovered":
      return issuance(data.returns);
    case "PointsBurned":
    case "HoldCaptured":
      return [[`redemption:${data.redemption}`, -amount]];
    case "BurnReversed":
      return [[`redemption:${data.redemption}`, amount]];
    case "PointsExpired":
      return [["expired", -amount]];
    case "TransferOut":
      return [["clearing:transfer", -amount]];
    case "TransferIn":
    case "TransferReturned":
      return [["clearing:transfer", amount]];
    case "AdjustmentDebited":
      return [[`adjustment:${data.reason}`, -amount]];
    case "AdjustmentCredited":
    case "DebtWrittenOff":
      return [[`adjustment:${data.reason}`, amount]];
    default:
      return [];
  }
}

function ledgerOf(
  accounts: ReadonlyMap<string, Account>,
  counter: Map<string, bigint>,
): ReadonlyMap<string, bigint> {
  for (const { book, debt } of accounts.values()) {
    add(counter, "outstanding", -book);
    add(counter, "debt", debt);
  }
  return new Map([...counter].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function count(
  account: Account,
  named: NonNullable<Data["key"]>,
  effects: Map<string, number>,
  where: string,
): void {
  const key = textOf(named);
  if (account.keys.has(key)) throw new Error(`${where}: key ${key} a second time`);
  account.keys.add(key);
  effects.set(key, (effects.get(key) ?? 0) + 1);
}

/** Points on their way between members. */
export function underWay({ accounts }: Findings): bigint {
  return [...accounts.values()].reduce((sum, { clearing }) => sum + clearing, 0n);
}

/** What time has done to an account by an instant, and no event says; undefined when nothing. */
export function overdue({ accounts }: Findings, at: number): string | undefined {
  for (const { member, lots, expiries, timeouts } of accounts.values()) {
    for (const [hold, timeoutAt] of timeouts)
      if (timeoutAt <= at) return `${member}: hold ${hold} is over and open`;
    for (const [lot, expiresAt] of expiries) {
      if (expiresAt <= at && (lots.get(lot) ?? 0n) > 0n)
        return `${member}: lot ${lot} is dead and not expired`;
    }
  }
  return undefined;
}
