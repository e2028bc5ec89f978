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
}

export interface Account {
  readonly member: string;
  book: bigint;
  debt: bigint;
  /** Sent to other members and not returned, less what came from them: 0 in all when every transfer has ended. */
  clearing: bigint;
  /** Left in each lot. */
  readonly lots: Map<number, bigint>;
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
  for (const event of log) {
    if (!event.stream.startsWith("taem.account-")) continue;
    const data = JSON.parse(event.data) as Data;
    const account = accounts.get(event.stream) ?? newAccount(data.member);
    accounts.set(event.stream, account);
    apply(account, event.type, data);
    const where = `${event.stream} ${event.revision} ${event.type}`;
    if (account.book !== BigInt(data.book)) throw new Error(`${where} states ${data.book}: ${account.book}`);
    if (account.debt < 0n) throw new Error(`${where}: debt below zero`);
    if (data.key !== undefined && (data.part?.index ?? 1) === 1) count(account, data.key, effects, where);
  }
  const of = (member: string) =>
    [...accounts.values()].find((account) => account.member === member) ?? newAccount(member);
  return { accounts, of, effects };
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
  return { member, book: 0n, debt: 0n, clearing: 0n, lots: new Map(), sums: new Map(), keys: new Set() };
}

function apply(account: Account, type: string, data: Data): void {
  const created = [data.lot, ...(data.lots ?? []), ...(data.replacements ?? [])];
  for (const lot of created) if (lot !== undefined) change(account, lot.no, BigInt(lot.amount));
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

function count(
  account: Account,
  { system, id, leg }: NonNullable<Data["key"]>,
  effects: Map<string, number>,
  where: string,
): void {
  const key = `${system} ${id} ${leg}`;
  if (account.keys.has(key)) throw new Error(`${where}: key ${key} a second time`);
  account.keys.add(key);
  effects.set(key, (effects.get(key) ?? 0) + 1);
}

/** Points on their way between members. */
export function underWay({ accounts }: Findings): bigint {
  return [...accounts.values()].reduce((sum, { clearing }) => sum + clearing, 0n);
}
