import type { Account, Simulation } from "./simulation.ts";

/**
 * Lets accounts live: `commands` random commands of every kind, over `days`, each batch appended as it fills. With
 * `sweepEvery` the same happens whatever its value: all accounts are swept before every so many commands, and whoever
 * acts before that, so that what is chosen does not depend on it.
 */
export async function live(
  simulation: Simulation,
  commands: number,
  days: number,
  sweepEvery?: number,
): Promise<void> {
  const { random, accounts } = simulation;
  for (let i = 0; i < commands; i++) {
    simulation.advance(days / commands);
    const account = pickAccount(simulation, accounts);
    if (sweepEvery !== undefined) simulation.sweep(account);
    if (sweepEvery !== undefined && i % sweepEvery === 0)
      for (const other of accounts) simulation.sweep(other);
    step(simulation, account);
    if (simulation.isFull) await simulation.settle();
    if (random.chance(0.02)) simulation.sweep(random.pick(accounts));
  }
  await simulation.settle();
}

/** A few accounts are much busier than the rest. */
function pickAccount({ random }: Simulation, accounts: readonly Account[]): Account {
  const among = random.chance(0.3) ? Math.ceil(accounts.length / 20) : accounts.length;
  return accounts[random.integer(0, among - 1)] as Account;
}

function step(simulation: Simulation, account: Account): void {
  const { random } = simulation;
  const points = BigInt(random.integer(1, 400));
  const chance = random.next();
  if (account.state.debt > 0n && random.chance(0.2)) adjust(simulation, account, points);
  else if (chance < 0.42) earn(simulation, account, points);
  else if (chance < 0.57)
    simulation.act(account, { type: "burn", points, redemption: random.pick(["reward", "voucher"]) });
  else if (chance < 0.65) simulation.act(account, { type: "hold", points, redemption: "checkout" });
  else if (chance < 0.73) endHold(simulation, account);
  else if (chance < 0.86) reverse(simulation, account, points);
  else if (chance < 0.92) transfer(simulation, account, points);
  else if (chance < 0.98) adjust(simulation, account, points);
  else simulation.sweep(account);
}

function earn(simulation: Simulation, account: Account, points: bigint): void {
  const { random, now } = simulation;
  const occurredAt = random.chance(0.1) ? now - random.integer(1, 10) * 86_400_000 : now;
  const isSpend = account.currency.code === "POINT" && random.chance(0.5);
  const by = isSpend ? { spend: points * 5_000n, money: "THB", rule: "base" } : { points };
  simulation.act(account, { type: "earn", by, reason: isSpend ? "purchase" : "bonus", occurredAt });
}

function endHold(simulation: Simulation, account: Account): void {
  const [hold] = account.state.holds.values();
  if (hold === undefined) return;
  const isPart = simulation.random.chance(0.3);
  if (simulation.random.chance(0.3)) simulation.act(account, { type: "void", hold: hold.no });
  else
    simulation.act(account, {
      type: "capture",
      hold: hold.no,
      ...(isPart ? { points: (hold.amount + 1n) / 2n } : {}),
    });
}

function reverse(simulation: Simulation, account: Account, points: bigint): void {
  const { random } = simulation;
  const [some] = [...account.recent.values()].slice(random.integer(0, 7));
  if (some === undefined || random.chance(0.15)) {
    simulation.act(account, { type: "reverse", by: { points }, reason: "return" });
    return;
  }
  const by = random.pick([{ all: true }, { points: points / 4n + 1n }, { spend: points * 1_000n }]);
  simulation.act(account, { type: "reverse", origin: some.key, by, reason: "return" });
}

function transfer(simulation: Simulation, account: Account, points: bigint): void {
  const { random, accounts } = simulation;
  const others = accounts.filter(
    ({ programme, currency }) => programme === account.programme && currency === account.currency,
  );
  simulation.transfer(account, random.pick(others), points);
}

function adjust(simulation: Simulation, account: Account, points: bigint): void {
  const { random } = simulation;
  const { debt } = account.state;
  const direction = debt > 0n ? "write_off" : random.pick(["credit", "debit"]);
  const large = random.chance(0.3) ? points + 500n : points;
  const amount = direction === "write_off" && debt < large ? debt : large;
  simulation.act(account, { type: "adjust", direction, points: amount, reason: "correction" }, "clerk");
  const [pending] = account.state.pending.values();
  if (pending === undefined || random.chance(0.3)) return;
  const type = random.pick(["approve", "approve", "reject", "withdraw"] as const);
  const actor = type === "withdraw" ? "clerk" : "manager";
  simulation.act(account, { type, adjustment: pending.no }, actor);
}

/** An account with so many small lots that what is done to all of them takes several events. */
export async function hoard(simulation: Simulation, account: Account, lots: number): Promise<void> {
  for (let i = 0; i < lots; i++)
    simulation.act(account, { type: "earn", by: { points: 1n }, reason: "bonus" });
  const points = BigInt(lots - 20);
  simulation.act(account, { type: "hold", points, redemption: "checkout" });
  simulation.act(account, { type: "capture", hold: 1, points: points - 10n });
  const [burn] = [...account.recent.values()].slice(-1);
  if (burn !== undefined) {
    simulation.act(account, { type: "reverse", origin: burn.key, by: { all: true }, reason: "return" });
  }
  simulation.act(account, { type: "hold", points, redemption: "checkout" });
  await simulation.settle();
  simulation.advance(10);
  simulation.sweep(account);
  simulation.act(account, { type: "burn", points, redemption: "reward" });
  await simulation.settle();
}
