import {
  type EventStore,
  eventsOrDamage,
  type Position,
  type RecordedEvent,
  START,
  StreamDamaged,
} from "@taem/event-store";
import { type Queryable, type Transactional, uuidArray } from "@taem/postgres";
import type { Currency } from "@taem/programme/definitions";
import { newAccount } from "../domain/index.ts";
import { accountStream } from "../events.ts";
import { SCHEMA } from "../read-model/schema.ts";
import type { ZoneHistory } from "../read-model/zone-history.ts";
import {
  type AccountAtCut,
  accountAtCut,
  type Folded,
  foldToCut,
  type TimesDoing,
} from "./account-at-cut.ts";
import { identityOf } from "./account-ref.ts";
import { type AccountRow, needsEvents, readAccounts } from "./account-rows.ts";
import { assertReached } from "./cut.ts";
import { isOfProgramme, type ParkedAccount } from "./parked-accounts.ts";
import { lastInstantOf, type ReportCut } from "./report-cut.ts";

/** Accounts that are read at a time: memory is bounded by it, and between two such steps others have their turn. */
const ACCOUNTS_AT_ONCE = 1_000;
/** Events that are folded in one read; a longer stream is read page by page. */
const EVENTS_AT_ONCE = 5_000;

/** Lots that end together and are available alike. `dies` undefined = never. */
export interface LotGroup {
  readonly dies: number | undefined;
  readonly isPending: boolean;
  readonly remaining: bigint;
  readonly held: bigint;
}

/** An account that the report leaves out from an event on, as it cannot be read. */
export interface Lack {
  readonly member: string;
  readonly since: Position;
}

/** Some accounts of a programme as a cut has them. */
export interface AccountChunk {
  /** Nothing is due in these and all that they are is in the cut: their rows say it. */
  readonly plain: readonly { readonly member: string; readonly book: bigint; readonly debt: bigint }[];
  readonly plainLots: readonly LotGroup[];
  readonly individual: readonly AccountAtCut[];
  /** What no event in the present log says yet of that which the cut counts. */
  readonly notSwept: readonly TimesDoing[];
  readonly lacks: readonly Lack[];
}

export interface AccountsQuestion {
  readonly cut: ReportCut;
  readonly currency: Currency;
  /** Whether lots are asked for, or only what the journal lacks. */
  readonly withLots: boolean;
  readonly parked: readonly ParkedAccount[];
}

type Row = readonly [
  member: string,
  revision: number,
  book: string,
  debt: string,
  isBeyond: boolean,
  mayBeDue: boolean,
];

/** $4 the cut's position, $5 what is in the cut whole, $6 how far time is let run. */
const ACCOUNTS = {
  name: `${SCHEMA}_programme_accounts`,
  text: `
    SELECT b.member, b.revision, b.book, b.debt, b.position > $4 OR ($5::bigint IS NOT NULL AND b.effective_at > $5),
           b.book > 0 AND (b.debt > 0
             OR EXISTS (SELECT FROM ${SCHEMA}.holds h
                         WHERE h.member = b.member AND h.currency = b.currency AND h.status = 'open' AND h.timeout_at <= $6)
             OR EXISTS (SELECT FROM ${SCHEMA}.lots l
                         WHERE l.member = b.member AND l.currency = b.currency AND l.remaining > l.held
                           AND least(l.expires_at, b.deadline) <= $6))
      FROM ${SCHEMA}.balances b
     WHERE b.programme = $1 AND b.currency = $2 AND b.member > $3
     ORDER BY b.member LIMIT ${ACCOUNTS_AT_ONCE}`,
};

const LOTS = {
  name: `${SCHEMA}_programme_lots`,
  text: `
    SELECT least(l.expires_at, b.deadline), l.available_from > $3, sum(l.remaining), sum(l.held)
      FROM unnest($1::uuid[]) AS a (member)
      JOIN ${SCHEMA}.balances b ON b.member = a.member AND b.currency = $2
      JOIN ${SCHEMA}.lots l ON l.member = b.member AND l.currency = b.currency AND l.remaining > 0
     GROUP BY 1, 2`,
};

const BEFORE_ALL = "00000000-0000-0000-0000-000000000000";

export interface ProgrammeAccountsPlatform {
  readonly database: Transactional;
  readonly store: Pick<EventStore, "read" | "readStream">;
  readonly zones: ZoneHistory;
  /** Between two steps: throws where nobody waits any more. */
  readonly step: () => Promise<void>;
}

/**
 * The accounts of a programme at a cut, some at a time: by their rows where these say it, else by their own events. What
 * an account is at a cut depends on nothing but its events up to the position, so no two chunks need the same snapshot.
 */
export async function* programmeAccounts(
  platform: ProgrammeAccountsPlatform,
  question: AccountsQuestion,
): AsyncGenerator<AccountChunk> {
  const parked = new Map(
    question.parked
      .filter(({ currencyNo }) => currencyNo === question.currency.no)
      .map((account) => [account.member, account]),
  );
  let after: string | undefined = BEFORE_ALL;
  while (after !== undefined) {
    await platform.step();
    const rows = await readRows(platform.database, question, parked, after);
    yield await chunkOf(platform, question, rows);
    for (const { member } of rows.accounts) parked.delete(member);
    after = rows.accounts.length < ACCOUNTS_AT_ONCE ? undefined : rows.accounts.at(-1)?.member;
  }
  yield await rowless(platform, question, [...parked.values()]);
}

interface Account {
  readonly member: string;
  readonly revision: number;
  readonly book: bigint;
  readonly debt: bigint;
  /** Its rows hold what the cut does not. */
  readonly isBeyond: boolean;
  readonly parked: ParkedAccount | undefined;
  /** Set where something may be due. */
  readonly row: AccountRow | undefined;
}

interface Rows {
  readonly accounts: readonly Account[];
  readonly plainLots: readonly LotGroup[];
}

function isPlain({ isBeyond, parked, row }: Account): boolean {
  return !isBeyond && parked === undefined && row === undefined;
}

function readRows(
  database: Transactional,
  { cut, currency, withLots }: AccountsQuestion,
  parked: ReadonlyMap<string, ParkedAccount>,
  after: string,
): Promise<Rows> {
  const { programme, position, wholeBy, sweptTo } = cut;
  return database.transaction(
    async (sql) => {
      await assertReached(sql, position);
      const found = await sql.queryArrays<Row>(ACCOUNTS, [
        programme.id,
        currency.code,
        after,
        position,
        withLots ? wholeBy : undefined,
        sweptTo,
      ]);
      const perhapsDue = found.filter(([, , , , , mayBeDue]) => mayBeDue);
      const states = await readAccounts(
        sql,
        perhapsDue.map(([member]) => ({ member, currency: currency.code })),
      );
      const byMember = new Map(states.map((state) => [state.member, state]));
      const accounts = found.map(([member, revision, book, debt, isBeyond]) => ({
        member,
        revision,
        book: BigInt(book),
        debt: BigInt(debt),
        isBeyond,
        parked: parked.get(member),
        row: byMember.get(member),
      }));
      const plain = accounts.filter((account) => isPlain(account) && account.book > 0n);
      return { accounts, plainLots: withLots ? await readLots(sql, cut, currency, plain) : [] };
    },
    { snapshot: true },
  );
}

async function readLots(
  sql: Queryable,
  cut: ReportCut,
  currency: Currency,
  accounts: readonly Account[],
): Promise<LotGroup[]> {
  const members = uuidArray(accounts.map(({ member }) => member));
  const groups = await sql.queryArrays<[bigint | null, boolean, string, string]>(LOTS, [
    members,
    currency.code,
    lastInstantOf(cut),
  ]);
  return groups.map(([dies, isPending, remaining, held]) => ({
    dies: dies === null ? undefined : Number(dies),
    isPending,
    remaining: BigInt(remaining),
    held: BigInt(held),
  }));
}

async function chunkOf(
  platform: ProgrammeAccountsPlatform,
  question: AccountsQuestion,
  { accounts, plainLots }: Rows,
): Promise<AccountChunk> {
  const { cut } = question;
  const individual: AccountAtCut[] = [];
  const notSwept: TimesDoing[] = [];
  const byEvents: Account[] = [];
  for (const account of accounts) {
    const { row, isBeyond, parked } = account;
    if (isPlain(account)) continue;
    const isWhole = row !== undefined && parked === undefined && !needsEvents(row, cut.sweptTo);
    const seen = isWhole ? accountAtCut(cut, identity(question, account), row.state) : undefined;
    if (seen !== undefined) notSwept.push(seen.due);
    if (seen !== undefined && !isBeyond) individual.push(seen);
    else byEvents.push(account);
  }
  const folded = await tellByEvents(platform, question, byEvents);
  const plain = accounts.filter(isPlain).map(({ member, book, debt }) => ({ member, book, debt }));
  return {
    plain,
    plainLots,
    individual: [...individual, ...folded.individual],
    notSwept: [...notSwept, ...folded.notSwept],
    lacks: folded.lacks,
  };
}

function identity({ cut, currency }: AccountsQuestion, { member }: Account) {
  return identityOf(cut.programme, currency.code, member);
}

/** The accounts that only their events tell; what is not swept of those whose rows do not say it either. */
async function tellByEvents(
  platform: ProgrammeAccountsPlatform,
  question: AccountsQuestion,
  accounts: readonly Account[],
): Promise<Pick<AccountChunk, "individual" | "notSwept" | "lacks">> {
  const { cut } = question;
  const individual: AccountAtCut[] = [];
  const notSwept: TimesDoing[] = [];
  const lacks: Lack[] = [];
  for await (const [account, folded] of foldAll(platform, question, accounts)) {
    const { member, row, parked, isBeyond } = account;
    if (folded.brokenAt !== undefined) lacks.push({ member, since: folded.brokenAt });
    const seen = accountAtCut(cut, identity(question, account), folded);
    if (folded.counted !== undefined) individual.push(seen);
    if (parked !== undefined || (row !== undefined && !isBeyond)) notSwept.push(seen.due);
    else if (row !== undefined && needsEvents(row, cut.sweptTo)) {
      const present = { ...question, cut: { ...cut, position: AFTER_ALL } };
      for await (const [, now] of foldAll(platform, present, [account]))
        notSwept.push(accountAtCut(cut, identity(question, account), now).due);
    }
  }
  return { individual, notSwept, lacks };
}

/** Above every position of a log. */
const AFTER_ALL: Position = "\uffff";

/** Folds some accounts, as many in one read as are short enough together. */
async function* foldAll(
  { store, zones, step }: ProgrammeAccountsPlatform,
  { cut, currency }: AccountsQuestion,
  accounts: readonly Account[],
): AsyncGenerator<readonly [Account, Folded]> {
  for (const group of groupsOf(accounts)) {
    await step();
    const streams = group.map(({ member }) => accountStream(member, currency.no));
    const [first] = group;
    const isLong = group.length === 1 && (first?.revision ?? 0) > EVENTS_AT_ONCE;
    const read = isLong ? [] : await store.read(streams.map((stream) => ({ stream, afterRevision: 0 })));
    for (const [i, account] of group.entries()) {
      const events = eventsOrDamage(read[i]);
      const pages = isLong ? () => store.readStream(streams[i] as string, 0) : () => onePage(events);
      const options = { cut, zones, lackedFrom: account.parked?.position };
      const folded = await foldToCut(pages, options).catch(nothingFolded);
      yield [account, folded];
    }
  }
}

async function* onePage(
  events: readonly RecordedEvent[] | StreamDamaged,
): AsyncGenerator<readonly RecordedEvent[]> {
  if (events instanceof StreamDamaged) throw events;
  yield events;
}

/** An account whose stream has lost some of its events: nothing that the others say can be counted. */
function nothingFolded(error: unknown): Folded {
  if (!(error instanceof StreamDamaged)) throw error;
  return { state: newAccount(), counted: undefined, lacked: [], brokenAt: START };
}

function groupsOf(accounts: readonly Account[]): Account[][] {
  const groups: Account[][] = [];
  let events = 0;
  for (const account of accounts) {
    const group = groups.at(-1);
    if (group === undefined || events + account.revision > EVENTS_AT_ONCE) {
      groups.push([account]);
      events = 0;
    } else group.push(account);
    events += account.revision;
  }
  return groups;
}

/** Accounts whose very first event is parked: no row says that they are there. */
async function rowless(
  platform: ProgrammeAccountsPlatform,
  question: AccountsQuestion,
  parked: readonly ParkedAccount[],
): Promise<AccountChunk> {
  const accounts: Account[] = [];
  for (const one of parked) {
    if (one.revision > 1 || !(await isOfProgramme(platform.store, one, question.cut.programme.id))) continue;
    const { member, revision } = one;
    accounts.push({ member, revision, book: 0n, debt: 0n, isBeyond: true, parked: one, row: undefined });
  }
  return { plain: [], plainLots: [], ...(await tellByEvents(platform, question, accounts)) };
}
