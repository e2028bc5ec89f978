import { postingsOf } from "@taem/ledger/domain";
import { type AccountEvent, accountEvents } from "@taem/ledger/events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entriesOf } from "../src/read-model/reading.ts";
import { Installation } from "./support/installation.ts";

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.open(13);
  await installation.populate(60, 2_500, 130);
  await installation.project();
}, 120_000);
afterAll(() => installation[Symbol.asyncDispose]());

async function allEvents(): Promise<AccountEvent[]> {
  const events: AccountEvent[] = [];
  for (let after = ""; ; ) {
    const page = await installation.store.readLog(after, 2_000);
    if (page.events.length === 0) return events;
    for (const record of page.events)
      if (accountEvents.has(record.type)) events.push(accountEvents.decode(record));
    after = page.next;
  }
}

test("the lives lived here hold every kind of account event", async () => {
  const types = new Set((await allEvents()).map(({ type }) => type));
  expect([...types].sort()).toEqual(accountEvents.names.toSorted());
});

test("the pairs of every event add up to its postings", async () => {
  for (const event of await allEvents()) {
    const sums = new Map<string, bigint>();
    const add = (account: string, amount: bigint) => sums.set(account, (sums.get(account) ?? 0n) + amount);
    for (const { debit, credit, amount } of entriesOf(event)) {
      expect(amount).toBeGreaterThan(0n);
      add(debit, amount);
      add(credit, -amount);
    }
    for (const { account, amount } of postingsOf(event)) add(account, -amount);
    expect([...sums.values()].filter((sum) => sum !== 0n)).toEqual([]);
  }
});

test("balances, lots and holds of the read model are the fold of the events", async () => {
  expect(await installation.verify()).toMatchObject({ ok: true, accounts: 60 });
});

test("a zone published later leaves the accounting days of what came before as they are", async () => {
  const { simulation } = installation;
  const [programme] = simulation.programmes;
  if (programme === undefined) throw new Error("no programme");
  const validFrom = simulation.now - 100 * 86_400_000;
  const change = {
    type: "ProgrammeZoneChanged",
    programme: programme.id,
    zone: "Pacific/Kiritimati",
    validFrom,
  } as const;
  const changed = await simulation.publish(programme, [change]);
  const account = simulation.open(changed, "POINT");
  simulation.act(account, {
    type: "earn",
    by: { points: 5n },
    reason: "after",
    occurredAt: Date.UTC(2026, 3, 1, 11),
  });
  await simulation.settle();
  await installation.project();

  const { rows } = await installation.database.query(
    `SELECT accounting_date FROM taem_ledger.postings WHERE position = $1`,
    [await installation.store.head()],
  );
  expect(rows).toEqual([{ accounting_date: "2026-04-02" }]);
  expect(await installation.rebuild({ expect: "equal" })).toMatchObject({ outcome: "taken_over" });
  expect(await installation.verify()).toMatchObject({ ok: true });
});
