import { setTimeout as delay } from "node:timers/promises";
import { reports, type ViewQuery } from "@taem/api";
import { businessNow, type Currency, type Programme } from "@taem/domain";
import type { EventStore } from "@taem/event-store";
import { ApiError, fields, type Route, route } from "@taem/http";
import type { Database, Queryable } from "@taem/postgres";
import type { Clock } from "@taem/runtime";
import type { AccountReader } from "../queries/account-reader.ts";
import { type Cut, cutAt, readModelCut } from "../queries/cut.ts";
import { addUntold, type Outstanding, outstanding, type Told } from "../queries/outstanding.ts";
import { pastOutstanding } from "../queries/outstanding-history.ts";
import { type LedgerAccount, trialBalance } from "../queries/trial-balance.ts";
import { cutBody } from "./answers.ts";
import { ledgerBody, outstandingBody } from "./report-answers.ts";
import { currenciesOf, type Requests } from "./request.ts";

export interface ReportRoutesPlatform {
  readonly database: Database;
  readonly store: EventStore;
  readonly clock: Clock;
  readonly requests: Requests;
  readonly reader: AccountReader;
}

export function reportRoutes(platform: ReportRoutesPlatform): Route[] {
  return [trialBalanceRoute(platform), outstandingRoute(platform)];
}

/** Waits for what the caller must see in the read model. */
async function reach(
  requests: Requests,
  programme: Programme,
  asked: ViewQuery,
  deadline: number,
): Promise<void> {
  await requests.reachToken(programme, asked.token, deadline);
  if (asked.consistency === "strong") await requests.reachHead(deadline);
}

interface Question {
  readonly programme: Programme;
  readonly asOf: number | undefined;
  /** Position by which it was known; undefined = everything recorded. */
  readonly knownBy: string | undefined;
  readonly at: number;
}

async function questionOf(
  { requests, reader, clock }: ReportRoutesPlatform,
  code: string,
  { asOf, knownAt, consistency }: ViewQuery,
): Promise<Question> {
  const programme = await requests.programme(code);
  if (knownAt === undefined) {
    return { programme, asOf, knownBy: undefined, at: asOf ?? businessNow(programme, clock.now()) };
  }
  const { horizon, at } = await reader.horizon(programme, { asOf, knownAt, consistency });
  return { programme, asOf, knownBy: horizon.recordedBy, at };
}

/** What of the read model counts where only what was known by a position is asked for. */
function cutBy({ position, through }: Cut, knownBy: string | undefined): Cut {
  const earlier = (known: string) => (knownBy !== undefined && knownBy < known ? knownBy : known);
  return cutAt(earlier(position), earlier(through));
}

function ledgerOf(
  sql: Queryable,
  { programme, asOf, knownBy }: Question,
  currency: string | undefined,
): Promise<LedgerAccount[]> {
  return trialBalance(sql, { programme: programme.id, currency, asOf, knownBy });
}

function trialBalanceRoute(platform: ReportRoutesPlatform): Route {
  return route({
    ...reports.trialBalance,
    handler: async ({ params, query: asked }, { deadline }) => {
      const question = await questionOf(platform, params.programme, asked);
      const currencies = currenciesOf(question.programme, asked.currency);
      await reach(platform.requests, question.programme, asked, deadline);
      return await platform.database.transaction(
        async (sql) => {
          const accounts = await ledgerOf(sql, question, asked.currency);
          const cut = cutBy(await readModelCut(sql), question.knownBy);
          return {
            status: 200,
            body: {
              ...head(question, asked, cut),
              currencies: currencies.map((c) => ledgerBody(c, accounts)),
            },
          };
        },
        { snapshot: true },
      );
    },
  });
}

function head({ programme, at }: Question, { asOf, knownAt }: ViewQuery, cut: Cut) {
  const { formatInstant } = fields;
  return {
    programme: programme.code,
    at: formatInstant(at),
    ...(asOf === undefined ? {} : { asOf: formatInstant(asOf) }),
    ...(knownAt === undefined ? {} : { knownAt: formatInstant(knownAt) }),
    cut: cutBody(cut),
  };
}

function outstandingRoute(platform: ReportRoutesPlatform): Route {
  const past = new Past();
  return route({
    ...reports.outstanding,
    handler: async ({ params, query: asked }, { deadline }) => {
      const question = await questionOf(platform, params.programme, asked);
      const currencies = currenciesOf(question.programme, asked.currency);
      await reach(platform.requests, question.programme, asked, deadline);
      const { cut, accounts, found } = await platform.database.transaction(
        async (sql) => ({
          cut: cutBy(await readModelCut(sql), question.knownBy),
          accounts: await ledgerOf(sql, question, asked.currency),
          found: isPast(question) ? undefined : await owedNow(sql, question, currencies, asked.largest),
        }),
        { snapshot: true },
      );
      for (const told of found ?? [])
        await addUntold(told, (account, revision) => platform.reader.after(account, revision));
      const owed =
        found ??
        (await owedThen(platform, past, {
          question,
          currencies,
          largest: asked.largest,
          cut,
          waitMs: deadline - platform.clock.now(),
        }));
      const bodies = currencies.map((currency, i) =>
        outstandingBody(currency, owed[i] as Outstanding, accounts),
      );
      return { status: 200, body: { ...head(question, asked, cut), currencies: bodies } };
    },
  });
}

function isPast({ asOf, knownBy }: Question): boolean {
  return asOf !== undefined || knownBy !== undefined;
}

async function owedNow(
  sql: Queryable,
  { programme, at }: Question,
  currencies: readonly Currency[],
  top: number,
): Promise<Told[]> {
  const all: Told[] = [];
  for (const currency of currencies) all.push(await outstanding(sql, programme, currency, at, top));
  return all;
}

interface PastQuestion {
  readonly question: Question;
  readonly currencies: readonly Currency[];
  readonly largest: number;
  readonly cut: Cut;
  /** How long it may wait for those before it. */
  readonly waitMs: number;
}

/** One after the other: each takes memory and a whole processor. */
class Past {
  #last: Promise<unknown> = Promise.resolve();

  /** Refuses with `overloaded` where its turn does not come within the time. */
  async run<T>(waitMs: number, work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const turn = Promise.withResolvers<void>();
    this.#last = before.then(() => turn.promise);
    try {
      const late = delay(Math.max(0, waitMs), "late" as const, { ref: false });
      if ((await Promise.race([before, late])) === "late")
        throw new ApiError("overloaded", { detail: "other reports of the past are being made" });
      return await work();
    } finally {
      turn.resolve();
    }
  }
}

function owedThen(
  { store, database }: ReportRoutesPlatform,
  past: Past,
  { question, currencies, largest: top, cut, waitMs }: PastQuestion,
): Promise<Outstanding[]> {
  const { programme, asOf, at } = question;
  return past.run(waitMs, async () => {
    const [row] = await database.queryArrays<[string]>(
      "SELECT sum(events)::text FROM taem_ledger.checkpoints",
    );
    const horizon = { effectiveBy: asOf, recordedBy: cut.through };
    const events = Number(row?.[0] ?? 0);
    const all: Outstanding[] = [];
    for (const currency of currencies) {
      all.push(await pastOutstanding(store, { programme, currency, horizon, at, largest: top, events }));
    }
    return all;
  });
}
