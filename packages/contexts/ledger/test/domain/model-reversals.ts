import {
  afterDays,
  type By,
  begin,
  type Call,
  comeBack,
  diesAt,
  fated,
  free,
  least,
  lotOf,
  type ModelAccount,
  type ModelLot,
  type ModelRedemption,
  type ModelRules,
  move,
  owe,
  returned,
  usable,
} from "./model.ts";

/** The oracle's returns of sales and refunds of burns. Each answers with the code of a refusal, or nothing. */

type Refusal = string | undefined;

export function reverseEarn(
  rules: ModelRules,
  account: ModelAccount,
  call: Call,
  lot: ModelLot,
  by: By,
): Refusal {
  const already = returned(lot, "amount");
  const left = lot.amount - already;
  if (by.spend !== undefined) {
    if (lot.spend === undefined) return "origin_without_spend";
    const refunded = returned(lot, "refunded") + by.spend;
    if (refunded > lot.spend) return "refund_exceeds_sale";
    const target = lot.spend === 0n ? 0n : (lot.amount * refunded) / lot.spend;
    takeBack(rules, account, call, [[lot, target > already ? target - already : 0n]], by.spend);
    return undefined;
  }
  const points = by.points ?? left;
  if (points > left || (left === 0n && lot.amount > 0n)) return "reversal_exceeds_origin";
  takeBack(rules, account, call, [[lot, points]], 0n);
  return undefined;
}

/** Own points of all the sales first; then debt they had repaid; then what was spent; what expired is let go. */
export function takeBack(
  rules: ModelRules,
  account: ModelAccount,
  call: Call,
  wanted: [ModelLot, bigint][],
  refunded: bigint,
): void {
  const policy = rules.clawback;
  const shares = wanted.map(([lot, amount]) => {
    const pending = lot.availableFrom > call.now;
    const lost = least(amount, lostOf(account, lot, amount));
    const own = policy !== "only_pending" || pending ? least(amount - lost, free(account, lot)) : 0n;
    const repaid = fated(lot, "repaid") - returned(lot, "restored");
    const restored = policy === "only_pending" ? 0n : least(amount - lost - own, repaid);
    const spent = amount - lost - own - restored;
    const expired = lost;
    return { lot, amount, own, restored, spent, expired };
  });
  const touched = new Set(wanted.map(([lot]) => lot));
  const debits: [ModelLot, "returned" | "recovered", bigint][] = [];
  const takeOut = (lot: ModelLot, fate: "returned" | "recovered", amount: bigint) => {
    move(account, lot, fate, amount, 0);
    debits.push([lot, fate, amount]);
    touched.add(lot);
  };
  for (const { lot, own } of shares) if (own > 0n) takeOut(lot, "returned", own);
  let debt = 0n;
  let waived = 0n;
  for (const { restored, spent } of shares) {
    debt += restored;
    let open = spent;
    for (const lot of policy === "only_pending" ? [] : usable(account, call.now)) {
      const part = least(open, free(account, lot));
      if (part > 0n) takeOut(lot, "recovered", part);
      open -= part;
    }
    if (policy === "unlimited") debt += open;
    if (policy === "within_balance") waived += open;
  }
  const at = Math.max(
    call.occurredAt,
    debt > 0n ? account.debtEffectiveAt : 0,
    ...[...touched].map((lot) => lot.effectiveAt),
  );
  for (const lot of touched) lot.effectiveAt = at;
  for (const { lot, own: _, ...share } of shares) lot.returns.push({ ...share, refunded });
  if (debt > 0n) owe(account, debt, at);
  const { holdsEver: holds, departuresEver: departures } = account;
  if (waived > 0n) account.waivers.push({ left: waived, at, holds, departures });
}

/** Of the points that no return has asked for yet, those that expired are asked for last. */
function lostOf(account: ModelAccount, lot: ModelLot, amount: bigint): bigint {
  const lapsed = account.lots
    .filter((other) => other.replaces === lot.no)
    .reduce((total, other) => total + fated(other, "expired"), 0n);
  const expired = fated(lot, "expired") + lapsed - returned(lot, "expired");
  const others = lot.amount - returned(lot, "amount") - expired;
  return others < 0n ? amount : amount > others ? amount - others : 0n;
}

export function giveBack(
  rules: ModelRules,
  account: ModelAccount,
  call: Call,
  redemption: ModelRedemption,
  by: By,
): Refusal {
  if (by.spend !== undefined) return "origin_without_spend";
  const left = redemption.takes.reduce((total, take) => total + take.amount - take.back, 0n);
  let wanted = by.points ?? left;
  if (wanted > left || left === 0n) return "reversal_exceeds_origin";
  const slices: [ModelLot, bigint][] = [];
  for (const take of [...redemption.takes].reverse()) {
    const amount = least(wanted, take.amount - take.back);
    if (amount > 0n) slices.push([lotOf(account, take.lot), amount]);
    take.back += amount;
    wanted -= amount;
  }
  const at = Math.max(call.occurredAt, ...slices.map(([lot]) => lot.effectiveAt));
  const graceEnd = afterDays(call.now, rules.graceDays);
  const isDead = (lot: ModelLot) => rules.graceDays > 0 && diesAt(account, lot) <= call.now;
  const dead = slices.filter(([lot]) => isDead(lot));
  const back = slices.filter(([lot]) => !isDead(lot)).map(([lot, amount]) => ({ lot: lot.no, amount }));
  for (const [lot, amount] of slices) if (!isDead(lot)) move(account, lot, "given_back", amount, at);
  if (dead.length > 0) account.deadline = Math.max(account.deadline, graceEnd);
  for (const [{ earnedAt, no, replaces = no }, amount] of dead) {
    const times = { availableFrom: at, expiresAt: graceEnd, effectiveAt: at };
    begin(account, { amount, earnedAt, replaces, ...times, earned: false });
    back.push({ lot: account.lots.length, amount });
  }
  const { hold, no } = redemption;
  comeBack(account, back, (out) => (hold === undefined ? no <= out.departures : hold <= out.holds), at);
  return undefined;
}
