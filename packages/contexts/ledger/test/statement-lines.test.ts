import { afterAll, beforeAll, expect, test } from "vitest";
import type { Api } from "./support/api.ts";
import { dateOf, eventsOf } from "./support/expected.ts";
import { Installation } from "./support/installation.ts";
import type { Account } from "./support/simulation.ts";

let installation: Installation;
let api: Api;

beforeAll(async () => {
  installation = await Installation.open(13);
  await installation.populate(60, 2_500, 130);
  await installation.project();
  api = installation.api;
}, 120_000);
afterAll(() => installation[Symbol.asyncDispose]());

async function statementOf({ programme, member, currency }: Account, query = "") {
  const path = `${programme.code}/members/${member}/statement?currency=${currency.code}&limit=1000${query}`;
  const { status, body } = await api.get(path);
  expect(status).toBe(200);
  return body.items;
}

test("every line says on which day it counts, and what it is about: sale, burn, hold, transfer, rule", async () => {
  const seen = new Set<string>();
  for (const account of installation.simulation.accounts) {
    const events = await eventsOf(installation.store, account);
    const lines = await statementOf(account);
    expect(await statementOf(account, "&consistency=strong")).toEqual(lines);
    const idOf = (no: number) => `${account.member}-${account.currency.no}-${no}`;
    const saleOf = (no: number) => {
      const found = events.find(({ event }) => event.type === "PointsEarned" && event.lot.no === no)?.event;
      return found?.type === "PointsEarned" ? found.key : null;
    };
    for (const line of lines) {
      const found = events.find(({ record }) => record.revision === line.no);
      if (found === undefined) throw new Error(`there is no event ${line.no}`);
      const { event } = found;
      expect(line.accountingDate).toBe(dateOf(account, event));
      for (const name of ["hold", "transfer", "rule", "sales", "burn", "lot", "counterparty", "waived"])
        if (line[name] !== undefined) seen.add(name);
      if ("hold" in event) expect(line.hold).toBe(idOf(event.hold));
      if ("transfer" in event) expect(line.transfer).toBe(event.transfer);
      if (event.type === "TransferOut") expect(line.counterparty).toBe(event.to);
      if (event.type === "TransferIn") expect(line.counterparty).toBe(event.from);
      if (event.type === "PointsEarned") {
        expect(line.lot).toBe(event.lot.no);
        const { rule, version } = event.basis ?? {};
        expect(line.rule).toEqual(rule === undefined ? undefined : { name: rule, version });
      }
      if (event.type === "EarnReversed") {
        const sales = event.origins.map(({ lot, amount }) => ({
          lot,
          points: String(amount),
          source: saleOf(lot),
        }));
        expect(line.sales).toEqual(sales);
      }
      if (event.type === "BurnReversed") {
        const burn = events.find(({ record }) => record.revision === event.origin)?.event;
        expect(line.burn).toEqual({
          no: event.origin,
          source: burn !== undefined && "key" in burn ? burn.key : null,
        });
        const back = [...line.restored, ...line.replaced].reduce(
          (sum, { points }) => sum + BigInt(points),
          0n,
        );
        expect(back).toBe(event.amount);
      }
    }
  }
  expect([...seen].sort()).toEqual([
    "burn",
    "counterparty",
    "hold",
    "lot",
    "rule",
    "sales",
    "transfer",
    "waived",
  ]);
});

test("asked for by accounting days, it opens and closes, and the lines between lead from one to the other", async () => {
  const spans = [
    ["2026-02-01", "2026-02-28"],
    ["2026-03-01", undefined],
    [undefined, "2026-03-31"],
    ["2026-06-01", "2026-06-30"],
  ] as const;
  for (const account of installation.simulation.accounts.slice(0, 15)) {
    const events = await eventsOf(installation.store, account);
    for (const [from, to] of spans) {
      const dated = events.map(({ record, event }) => ({ record, date: dateOf(account, event) }));
      const within = dated.filter(({ date }) => (from ?? date) <= date && date <= (to ?? date));
      const query = `${from === undefined ? "" : `&from=${from}`}${to === undefined ? "" : `&to=${to}`}`;
      const { programme, member, currency } = account;
      const path = `${programme.code}/members/${member}/statement?currency=${currency.code}&limit=1000${query}`;
      const { body } = await api.get(path);
      const lines: { no: number; delta: string }[] = body.items;
      expect(lines.map(({ no }) => no).reverse()).toEqual(within.map(({ record }) => record.revision));
      const moved = lines.reduce((sum, { delta }) => sum + BigInt(delta), 0n);
      expect(String(BigInt(body.span.opening) + moved)).toBe(body.span.closing);
      if (from === undefined) expect(body.span.opening).toBe("0");
      if (to === undefined) expect(body.span.closing).toBe(String(account.state.book));
      expect((await api.get(`${path}&consistency=strong`)).body).toMatchObject({
        items: lines,
        span: body.span,
      });
      expect((await api.get(path.replace("limit=1000", "limit=2"))).body.span).toEqual(body.span);
    }
  }
  const { programme, member } = installation.simulation.accounts[0] as Account;
  const refused = await api.get(
    `${programme.code}/members/${member}/statement?currency=STAR&from=2026-03-01&to=2026-02-01`,
  );
  expect(refused.body.code).toBe("value_out_of_range");
});
