import type { EventStore } from "@taem/event-store";
import { ApiError, type Page, pageFrom, type Route, route } from "@taem/http";
import type { Transactional } from "@taem/postgres";
import type { z } from "zod";
import { balanceAt, type Lot, openLots, settledBalance } from "../domain/index.ts";
import { type AccountRecord, accountEvents } from "../queries/account-events.ts";
import { type AccountReader, type Basis, isFolded, isWhole } from "../queries/account-reader.ts";
import { type AccountRef, identityOf } from "../queries/account-ref.ts";
import {
  type Days,
  foldSpan,
  foldStatement,
  type Origins,
  originsOf,
  projectedRevision,
  readSpan,
  readStatement,
  type SpanBalance,
  type StatementEntry,
} from "../queries/statement.ts";
import { ZoneHistory } from "../read-model/zone-history.ts";
import { headBody, lotBody, nextExpiry, statementBody } from "./account-answers.ts";
import { accountQueries, type eventItem, type statementItem } from "./account-queries.ts";
import { balanceBody } from "./balance.ts";
import { eventBody } from "./event-answers.ts";
import { type Requests, viewOf } from "./request.ts";

export interface MemberRoutesPlatform {
  readonly database: Transactional;
  readonly store: EventStore;
  readonly requests: Requests;
  readonly reader: AccountReader;
}

export function memberRoutes(platform: MemberRoutesPlatform): Route[] {
  return [balanceRoute(platform), lotsRoute(platform), statementRoute(platform), eventsRoute(platform)];
}

function balanceRoute({ requests, reader }: MemberRoutesPlatform): Route {
  return route({
    ...accountQueries.balance,
    handler: async ({ params, query: asked }, { deadline }) => {
      const account = await requests.account(params.programme, params.member, asked.currency);
      const view = viewOf(asked);
      const seen = await requests.readOwn(account, asked, deadline, {
        read: () => reader.see(account, view),
        upTo: positionOf,
      });
      requests.assertFollowed(asked, seen);
      const identity = identityOf(account.programme, account.currency.code, account.member);
      const balance = seen.isSettled
        ? settledBalance(seen.state, seen.at)
        : balanceAt(seen.state, identity, seen.at);
      const body = {
        ...headBody(account, view, seen),
        balance: balanceBody(balance),
        nextExpiry: nextExpiry(account, seen),
      };
      return { status: 200, body };
    },
  });
}

function positionOf({ cut }: Basis): string {
  return cut.position;
}

/** In the burn order. */
type LotPlace = readonly [expiresAt: number | null, earnedAt: number, no: number];

function lotsRoute({ requests, reader }: MemberRoutesPlatform): Route {
  return route({
    ...accountQueries.lots,
    handler: async ({ params, query: asked }, { deadline }) => {
      const account = await requests.account(params.programme, params.member, asked.currency);
      const view = viewOf(asked);
      const seen = await requests.readOwn(account, asked, deadline, {
        read: () => reader.see(account, view),
        upTo: positionOf,
      });
      requests.assertFollowed(asked, seen);
      const place = asked.cursor;
      const open = openLots(seen.state);
      const rest = place === undefined ? open : open.filter((lot) => isAfter(lot, place));
      const page = pageFrom(rest, asked.limit, placeOf, (lot) => lotBody(account, lot, seen));
      return { status: 200, body: { ...headBody(account, view, seen), ...page } };
    },
  });
}

function placeOf({ expiresAt, earnedAt, no }: Lot): LotPlace {
  return [Number.isFinite(expiresAt) ? expiresAt : null, earnedAt, no];
}

function isAfter({ expiresAt, earnedAt, no }: Lot, [expiry, earned, number]: LotPlace): boolean {
  const bound = expiry ?? Number.POSITIVE_INFINITY;
  if (expiresAt !== bound) return expiresAt > bound;
  return earnedAt === earned ? no > number : earnedAt > earned;
}

function statementRoute({ database, store, requests, reader }: MemberRoutesPlatform): Route {
  const zones = new ZoneHistory(store);
  return route({
    ...accountQueries.statement,
    handler: async ({ params, query: asked }, { deadline }) => {
      const account = await requests.account(params.programme, params.member, asked.currency);
      const view = viewOf(asked);
      const days = daysOf(asked);
      const wanted = { before: asked.cursor?.[0], limit: asked.limit + 1, days };
      const isSpan = days.from !== undefined || days.to !== undefined;
      const answer = async (seen: Basis, entries: readonly StatementEntry[], span?: SpanBalance) => {
        const origins = await originsOf(database, account, entries);
        const page = statementPage(account, entries, origins, asked.limit);
        return {
          status: 200 as const,
          body: {
            ...headBody(account, view, seen),
            ...(span === undefined ? {} : { span: spanBody(days, span) }),
            ...page,
          },
        };
      };
      if (isFolded(view)) {
        await requests.reach.nothing(account.programme.id, asked.token);
        const seen = await reader.horizon(account.programme, view);
        await zones.refresh([account.programme.id]);
        const newest = isWhole(view) ? await projectedRevision(database, account) : undefined;
        const entries = await foldStatement(store, account, zones, seen.horizon, wanted, newest);
        const span = isSpan ? await foldSpan(store, account, zones, seen.horizon, days) : undefined;
        return await answer(seen, entries, span);
      }
      const read = () =>
        database.transaction(
          async (sql) => ({
            seen: await reader.basis(account, sql),
            entries: await readStatement(sql, account, wanted),
            span: isSpan ? await readSpan(sql, account, days) : undefined,
          }),
          { snapshot: true },
        );
      const { seen, entries, span } = await requests.readOwn(account, asked, deadline, {
        read,
        upTo: ({ seen }) => positionOf(seen),
      });
      requests.assertFollowed(asked, seen);
      return await answer(seen, entries, span);
    },
  });
}

/** Refuses days that end before they begin. */
function daysOf({ from, to }: Partial<Days>): Days {
  if (from === undefined || to === undefined || from <= to) return { from, to };
  throw new ApiError("value_out_of_range", { detail: "query /from: must not be after to" });
}

function spanBody({ from, to }: Days, { opening, closing }: SpanBalance) {
  return { from: from ?? null, to: to ?? null, opening: String(opening), closing: String(closing) };
}

function statementPage(
  account: AccountRef,
  entries: readonly StatementEntry[],
  origins: Origins,
  size: number,
): Page<z.input<typeof statementItem>> {
  const place = ({ revision }: StatementEntry) => [revision];
  return pageFrom(entries, size, place, (entry) => statementBody(account, entry, origins));
}

function eventsRoute({ store, requests, reader }: MemberRoutesPlatform): Route {
  return route({
    ...accountQueries.events,
    handler: async ({ params, query: asked }) => {
      const account = await requests.account(params.programme, params.member, asked.currency);
      const view = viewOf(asked);
      await requests.reach.nothing(account.programme.id, asked.token);
      const seen = await reader.horizon(account.programme, view);
      const events = accountEvents(store, account, seen.horizon, asked.cursor?.[0] ?? 0);
      const page = await pageOfEvents(events, asked.limit);
      return { status: 200, body: { ...headBody(account, view, seen), ...page } };
    },
  });
}

async function pageOfEvents(
  events: AsyncIterable<AccountRecord>,
  size: number,
): Promise<Page<z.input<typeof eventItem>>> {
  const found: AccountRecord[] = [];
  for await (const record of events) {
    found.push(record);
    if (found.length > size) break;
  }
  return pageFrom(
    found,
    size,
    ({ record }) => [record.revision],
    ({ record }) => eventBody(record),
  );
}
