import { createClient } from "@taem/client";
import type { EventStore } from "@taem/event-store";
import { postingsOf } from "@taem/ledger/domain";
import { type AccountEvent, accountEvents } from "@taem/ledger/events";
import { runSimulation, simulate } from "@taem/simulation";
import { startService } from "@taem/testing/commands-service";
import { openTestStore, wholeLog } from "@taem/testing/test-store";
import { expect, it } from "vitest";

// To the end of November: 11.11 is in it, and the first points have expired.
const parameters = { endsAt: Date.parse("2026-12-01T00:00:00+07:00"), members: 100, days: 130 };

it("a small programme gets every answer that was expected, and changes nothing the second time", {
  timeout: 120_000,
}, async () => {
  await using testStore = await openTestStore();
  await using service = await startService(testStore);
  await using clerk = createClient({ url: service.url, key: service.key() });
  await using supervisor = createClient({ url: service.url, key: service.key() });
  const simulation = simulate(parameters);
  const run = { clerk, supervisor, programme: "demo" };
  const first = await runSimulation({ ...run, simulation });
  expect(first.examples).toEqual([]);
  expect(first.outcomes).toEqual(simulation.oracle.outcomes);

  const events = await accountEventsOf(testStore.store);
  for (const currency of ["POINT", "STAMP"] as const) {
    const books = simulation.oracle.trialBalance(currency, simulation.endsAt - 1_000);
    expect(untimely(balancesOf(events, currency))).toEqual(untimely(books));
  }

  const second = await runSimulation({ ...run, simulation: simulate(parameters) });
  expect(second.examples).toEqual([]);
  expect(await accountEventsOf(testStore.store)).toEqual(events);
});

async function accountEventsOf(store: EventStore): Promise<AccountEvent[]> {
  return (await wholeLog(store))
    .filter(({ type }) => accountEvents.has(type))
    .map((event) => accountEvents.decode(event));
}

function balancesOf(events: readonly AccountEvent[], currency: string): Map<string, bigint> {
  const balances = new Map<string, bigint>();
  for (const { account, amount } of events
    .filter((event) => event.currency === currency)
    .flatMap(postingsOf)) {
    balances.set(account, (balances.get(account) ?? 0n) + amount);
  }
  return balances;
}

/** Without what time alone moves: nobody has swept the ledger. */
function untimely(balances: ReadonlyMap<string, bigint>): Record<string, bigint> {
  const timely = ["outstanding", "expired", "debt"];
  return Object.fromEntries(
    [...balances].filter(([account, amount]) => amount !== 0n && !timely.includes(account)),
  );
}
