import { fields, pageFrom, type Route, route } from "@taem/http";
import type { Queryable, Transactional } from "@taem/postgres";
import { businessNow, lastDayOf } from "@taem/programme/definitions";
import type { Clock } from "@taem/runtime";
import { readModelCut } from "../queries/cut.ts";
import {
  accountPostings,
  accountsWith,
  type ListOf,
  lotsHeldPastExpiry,
  openHolds,
} from "../queries/lists.ts";
import { countParkedAccounts } from "../queries/parked-accounts.ts";
import { type ListQuery, lists } from "./lists.ts";
import { ordinalId } from "./operation-bodies.ts";
import { type Requests, theCurrency } from "./request.ts";

export interface ListRoutesPlatform {
  readonly database: Transactional;
  readonly clock: Clock;
  readonly requests: Requests;
}

const { formatInstant } = fields;

/** What the figures of reports are made of. */
export function listRoutes(platform: ListRoutesPlatform): Route[] {
  return [...accountLists(platform), ...holdLists(platform), postingsRoute(platform)];
}

function accountLists(platform: ListRoutesPlatform): Route[] {
  return [
    route({
      ...lists.debtors,
      handler: async ({ params, query }, { deadline }) => {
        const { head, rows } = await list(platform, params.programme, query, deadline, (sql, of) =>
          accountsWith(sql, "debt", of, query.cursor?.[0]),
        );
        const page = pageFrom(
          rows,
          query.limit,
          ([member]) => [member],
          ([member, debt, book]) => ({ member, debt, book }),
        );
        return { status: 200, body: { ...head, ...page } };
      },
    }),
    route({
      ...lists.waived,
      handler: async ({ params, query }, { deadline }) => {
        const { head, rows } = await list(platform, params.programme, query, deadline, (sql, of) =>
          accountsWith(sql, "waived", of, query.cursor?.[0]),
        );
        const page = pageFrom(
          rows,
          query.limit,
          ([member]) => [member],
          ([member, waived, book]) => ({ member, waived, book }),
        );
        return { status: 200, body: { ...head, ...page } };
      },
    }),
  ];
}

function holdLists(platform: ListRoutesPlatform): Route[] {
  return [
    route({
      ...lists.holds,
      handler: async ({ params, query }, { deadline }) => {
        const { head, rows, of, at } = await list(
          platform,
          params.programme,
          query,
          deadline,
          (sql, of, at) => openHolds(sql, of, at, query.cursor),
        );
        const page = pageFrom(
          rows,
          query.limit,
          ([member, no]) => [member, no],
          ([member, no, points, redemption, placedAt, timeoutAt]) => ({
            member,
            hold: ordinalId(member, of.currency.no, no),
            points,
            redemption,
            placedAt: formatInstant(Number(placedAt)),
            timeoutAt: formatInstant(Number(timeoutAt)),
            lastDay: lastDayOf(of.programme, Number(timeoutAt), at) ?? null,
          }),
        );
        return { status: 200, body: { ...head, ...page } };
      },
    }),
    route({
      ...lists.heldPastExpiry,
      handler: async ({ params, query }, { deadline }) => {
        const { head, rows, of, at } = await list(
          platform,
          params.programme,
          query,
          deadline,
          (sql, of, at) => lotsHeldPastExpiry(sql, of, at, query.cursor),
        );
        const page = pageFrom(
          rows,
          query.limit,
          ([member, no]) => [member, no],
          ([member, lot, held, diedAt, earnedAt, vintage]) => ({
            member,
            lot,
            held,
            expiredAt: formatInstant(Number(diedAt)),
            lastDay: lastDayOf(of.programme, Number(diedAt), at) ?? null,
            earnedAt: formatInstant(Number(earnedAt)),
            vintage,
          }),
        );
        return { status: 200, body: { ...head, ...page } };
      },
    }),
  ];
}

function postingsRoute(platform: ListRoutesPlatform): Route {
  return route({
    ...lists.postings,
    handler: async ({ params, query }, { deadline }) => {
      const { account, from, to } = query;
      const { head, rows } = await list(platform, params.programme, query, deadline, (sql, of) =>
        accountPostings(sql, of, { account, from, to }, query.cursor),
      );
      const page = pageFrom(
        rows,
        query.limit,
        ([position, no]) => [position, no],
        ([position, , accountingDate, effectiveAt, debit, credit, points, member, statementNo]) => ({
          position,
          accountingDate,
          effectiveAt: formatInstant(Number(effectiveAt)),
          debit,
          credit,
          points,
          member,
          statementNo,
        }),
      );
      return { status: 200, body: { ...head, ...page } };
    },
  });
}

type Read<R> = (sql: Queryable, of: ListOf, at: number) => Promise<R[]>;

/** One row more than the page has, and what the answer says about itself, of one snapshot. */
async function list<R>(
  { database, clock, requests }: ListRoutesPlatform,
  code: string,
  query: ListQuery,
  deadline: number,
  read: Read<R>,
) {
  const programme = await requests.programme(code);
  const currency = theCurrency(programme, query.currency);
  const of = { programme, currency, limit: query.limit + 1 };
  return await requests.reach.everywhere(programme.id, query, deadline, {
    read: () => {
      const at = businessNow(programme, clock.now());
      return database.transaction(
        async (sql) => {
          const rows = await read(sql, of, at);
          const head = {
            programme: programme.code,
            currency: currency.code,
            scale: currency.scale,
            at: formatInstant(at),
            cut: await readModelCut(sql),
            parked: await countParkedAccounts(sql, programme.id),
          };
          return { head, rows, of, at };
        },
        { snapshot: true },
      );
    },
    upTo: ({ head }) => head.cut.position,
  });
}
