import {
  afterDays,
  available,
  type By,
  begin,
  book,
  type Call,
  comeBack,
  dayOf,
  endHold,
  free,
  idOf,
  isOwn,
  least,
  lotOf,
  type ModelAccount,
  type ModelAdjustment,
  type ModelHold,
  type ModelLot,
  type ModelRedemption,
  type ModelRules,
  move,
  NEVER,
  owe,
  returned,
  settle,
  usable,
  waitingOn,
} from "./model.ts";
import { giveBack, reverseEarn, takeBack } from "./model-reversals.ts";

/** What callers can ask of the oracle. Each answers with the code of a refusal, or nothing when it was done. */

type Refusal = string | undefined;

export interface ModelPlan {
  /** Of the source's departures. */
  readonly no: number;
  readonly lots: { readonly amount: bigint; readonly earnedAt: number; readonly expiresAt: number }[];
  readonly takes: { readonly lot: number; readonly amount: bigint }[];
  readonly effectiveAt: number;
}

const MOST = 1_000_000_000_000_000n;

export class Oracle {
  readonly rules: ModelRules;

  constructor(rules: ModelRules) {
    this.rules = rules;
  }

  earn(account: ModelAccount, call: Call, points: bigint, life?: number | null): Refusal {
    const refusal = this.#onSight(account, call, points);
    if (refusal !== undefined) return refusal;
    this.#begin(account, call, points, { availableFrom: call.occurredAt, life });
    this.#active(account, call.occurredAt);
    return done(account, call, { earn: account.lots.length });
  }

  spend(account: ModelAccount, call: Call, spend: bigint): Refusal {
    const refusal = this.#onSight(account, call, spend);
    if (refusal !== undefined) return refusal;
    const { spend: rule } = this.rules;
    const capDay = dayOf(call.occurredAt);
    const points = this.#price(account, spend, capDay);
    if (points > MOST) return "amount_too_large";
    const availableFrom = call.occurredAt + rule.pendingSeconds * 1000;
    this.#begin(account, call, points, { availableFrom, spend, capDay });
    this.#active(account, call.occurredAt);
    return done(account, call, { earn: account.lots.length });
  }

  burn(account: ModelAccount, call: Call, points: bigint): Refusal {
    const refusal = this.#onSight(account, call, points) ?? lacks(account, call, points);
    if (refusal !== undefined) return refusal;
    const { takes } = debit(account, call, points);
    this.#active(account, call.occurredAt);
    const no = ++account.departuresEver;
    return done(account, call, { redemption: { no, takes: takes.map((take) => ({ ...take, back: 0n })) } });
  }

  hold(account: ModelAccount, call: Call, points: bigint, seconds = this.rules.holdSeconds): Refusal {
    const refusal = this.#onSight(account, call, points);
    if (refusal !== undefined) return refusal;
    if (seconds > this.rules.maxHoldSeconds) return "hold_timeout_too_long";
    if (available(account, call.now) < points) return "insufficient_points";
    const { takes, at } = choose(account, call, points);
    account.holdsEver++;
    account.holds.push({
      no: account.holdsEver,
      parts: takes,
      timeoutAt: call.now + seconds * 1000,
      effectiveAt: at,
    });
    return done(account, call, {});
  }

  capture(account: ModelAccount, call: Call, no: number, points?: bigint): Refusal {
    const refusal = this.#onSight(account, call, points ?? 0n);
    if (refusal !== undefined) return refusal;
    const hold = openHold(account, no);
    if (typeof hold === "string") return hold;
    const all = hold.parts.reduce((total, part) => total + part.amount, 0n);
    let wanted = points ?? all;
    if (wanted > all) return "capture_exceeds_hold";
    const at = endedAt(account, hold, call);
    endHold(account, hold, at);
    const redemption: ModelRedemption = { no: ++account.departuresEver, hold: no, takes: [] };
    const released: { lot: number; amount: bigint }[] = [];
    for (const part of hold.parts) {
      const amount = least(part.amount, wanted);
      wanted -= amount;
      if (amount < part.amount) released.push({ lot: part.lot, amount: part.amount - amount });
      if (amount === 0n) continue;
      move(account, lotOf(account, part.lot), "debited", amount, at);
      redemption.takes.push({ lot: part.lot, amount, back: 0n });
    }
    comeBack(account, released, (waiver) => no <= waiver.holds, at);
    this.#active(account, call.occurredAt);
    return done(account, call, { redemption });
  }

  voidHold(account: ModelAccount, call: Call, no: number): Refusal {
    const refusal = this.#onSight(account, call, 0n);
    if (refusal !== undefined) return refusal;
    const hold = openHold(account, no);
    if (typeof hold === "string") return hold;
    const at = endedAt(account, hold, call);
    endHold(account, hold, at);
    comeBack(account, hold.parts, (waiver) => no <= waiver.holds, at);
    return done(account, call, {});
  }

  reverse(account: ModelAccount, call: Call, origin: string, by: By): Refusal {
    const refusal = this.#onSight(account, call, by.points ?? by.spend ?? 0n);
    if (refusal !== undefined) return refusal;
    const applied = account.applied.get(origin);
    if (applied === undefined) return "origin_unknown";
    if (applied.earn !== undefined)
      return done(
        account,
        call,
        {},
        reverseEarn(this.rules, account, call, lotOf(account, applied.earn), by),
      );
    if (applied.redemption !== undefined)
      return done(account, call, {}, giveBack(this.rules, account, call, applied.redemption, by));
    return "origin_not_reversible";
  }

  returnWithoutSale(account: ModelAccount, call: Call, points: bigint): Refusal {
    const refusal = this.#onSight(account, call, points);
    if (refusal !== undefined) return refusal;
    const newest = account.lots
      .filter((lot) => lot.earned && returned(lot, "amount") < lot.amount)
      .sort((a, b) => b.earnedAt - a.earnedAt || b.no - a.no);
    const wanted: [ModelLot, bigint][] = [];
    let left = points;
    for (const lot of newest) {
      const part = least(left, lot.amount - returned(lot, "amount"));
      if (part > 0n) wanted.push([lot, part]);
      left -= part;
    }
    takeBack(this.rules, account, call, wanted, 0n);
    return done(account, call, {});
  }

  transferOut(account: ModelAccount, call: Call, to: string, points: bigint): Refusal | ModelPlan {
    const refusal = this.#onSight(account, call, points);
    if (refusal !== undefined) return refusal;
    if (to === account.name) return "transfer_to_self";
    if (available(account, call.now) < points) return "insufficient_points";
    const { takes, at } = debit(account, call, points);
    done(account, call, {});
    const lots = takes.map((take) => {
      const { earnedAt, expiresAt } = lotOf(account, take.lot);
      const kept = this.rules.transferExpiry === "kept";
      return { amount: take.amount, earnedAt, expiresAt: kept ? expiresAt : this.#expiry(call.occurredAt) };
    });
    return { no: ++account.departuresEver, lots, takes, effectiveAt: at };
  }

  /** True when the target took the points. */
  receive(account: ModelAccount, plan: ModelPlan, now: number): boolean {
    const amount = plan.lots.reduce((total, lot) => total + lot.amount, 0n);
    const { maxBalance } = this.rules;
    if (maxBalance !== undefined && book(account) + amount > maxBalance) return false;
    for (const lot of plan.lots) {
      begin(account, {
        ...lot,
        availableFrom: plan.effectiveAt,
        effectiveAt: plan.effectiveAt,
        earned: false,
      });
    }
    this.#arrived(account, now);
    settle(account, now);
    return true;
  }

  comeBack(account: ModelAccount, plan: ModelPlan, now: number): void {
    const lots = plan.takes.map((take) => lotOf(account, take.lot));
    const at = Math.max(plan.effectiveAt, ...lots.map((lot) => lot.effectiveAt));
    for (const { lot, amount } of plan.takes) move(account, lotOf(account, lot), "given_back", amount, at);
    comeBack(account, plan.takes, (out) => plan.no <= out.departures, at);
    settle(account, now);
  }

  adjust(
    account: ModelAccount,
    call: Call,
    direction: ModelAdjustment["direction"],
    points: bigint,
  ): Refusal {
    const refusal = this.#onSight(account, call, points);
    if (refusal !== undefined) return refusal;
    const isSmall = direction !== "write_off" && points <= this.rules.adjustmentLimit;
    if (isSmall || this.rules.singleHanded) return this.#apply(account, call, direction, points);
    if (account.waiting.length >= 100) return "too_many_adjustments";
    account.adjustmentsEver++;
    const { occurredAt: askedAt } = call;
    const { adjustmentSeconds: seconds } = this.rules;
    const lapsesAt = seconds === undefined ? NEVER : call.now + seconds * 1000;
    const by = idOf(call.actor);
    account.waiting.push({ no: account.adjustmentsEver, direction, points, by, askedAt, lapsesAt });
    return done(account, call, {});
  }

  approve(account: ModelAccount, call: Call, no: number): Refusal {
    const refusal = this.#onSight(account, call, 0n);
    if (refusal !== undefined) return refusal;
    const waiting = waitingOn(account, no);
    if (typeof waiting === "string") return waiting;
    if (isOwn(waiting, call)) return "approver_must_differ";
    const occurredAt = Math.max(call.occurredAt, waiting.askedAt);
    const refused = this.#apply(account, { ...call, occurredAt }, waiting.direction, waiting.points);
    if (refused === undefined) account.waiting = account.waiting.filter((one) => one !== waiting);
    return refused;
  }

  reject(account: ModelAccount, call: Call, no: number): Refusal {
    return this.#drop(account, call, no, (isOwn) => (isOwn ? "approver_must_differ" : undefined));
  }

  withdraw(account: ModelAccount, call: Call, no: number): Refusal {
    return this.#drop(account, call, no, (isOwn) => (isOwn ? undefined : "requester_must_withdraw"));
  }

  #drop(account: ModelAccount, call: Call, no: number, refusalOf: (isOwn: boolean) => Refusal): Refusal {
    const waiting = this.#onSight(account, call, 0n) ?? waitingOn(account, no);
    if (typeof waiting === "string") return waiting;
    const refusal = refusalOf(isOwn(waiting, call));
    if (refusal === undefined) account.waiting = account.waiting.filter((one) => one !== waiting);
    return done(account, call, {}, refusal);
  }

  #apply(
    account: ModelAccount,
    call: Call,
    direction: ModelAdjustment["direction"],
    points: bigint,
  ): Refusal {
    if (direction === "write_off") {
      if (points > account.debt) return "no_debt";
      owe(account, -points, Math.max(call.occurredAt, account.debtEffectiveAt));
      return done(account, call, {});
    }
    if (direction === "debit") {
      const refusal = lacks(account, call, points);
      if (refusal === undefined) debit(account, call, points);
      return refusal ?? done(account, call, {});
    }
    const { occurredAt } = call;
    begin(account, {
      amount: points,
      earnedAt: occurredAt,
      availableFrom: occurredAt,
      expiresAt: this.#expiry(occurredAt),
      effectiveAt: occurredAt,
      earned: false,
    });
    this.#arrived(account, call.now);
    return done(account, call, {});
  }

  /** What others send begins a term where none runs. */
  #arrived(account: ModelAccount, now: number): void {
    if (this.rules.inactivityDays === undefined) return;
    if (account.deadline === NEVER || account.deadline <= now)
      account.deadline = afterDays(now, this.rules.inactivityDays);
  }

  #onSight(account: ModelAccount, call: Call, amount: bigint): Refusal {
    settle(account, call.now);
    if (call.occurredAt - call.now > 300_000) return "occurred_at_in_future";
    return amount > MOST ? "amount_too_large" : undefined;
  }

  #expiry(at: number): number {
    return this.rules.termDays === undefined ? NEVER : afterDays(at, this.rules.termDays);
  }

  #active(account: ModelAccount, at: number): void {
    if (this.rules.inactivityDays === undefined) return;
    const fresh = afterDays(at, this.rules.inactivityDays);
    account.deadline = account.deadline === NEVER ? fresh : Math.max(account.deadline, fresh);
  }

  #begin(
    account: ModelAccount,
    call: Call,
    amount: bigint,
    more: { availableFrom: number; life?: number | null | undefined; spend?: bigint; capDay?: number },
  ): void {
    const { life, ...rest } = more;
    const { occurredAt } = call;
    const expiresAt =
      life === undefined ? this.#expiry(occurredAt) : life === null ? NEVER : occurredAt + life;
    begin(account, {
      amount,
      expiresAt,
      earnedAt: occurredAt,
      effectiveAt: occurredAt,
      earned: true,
      ...rest,
    });
  }

  #price(account: ModelAccount, spend: bigint, day: number): bigint {
    const { per, points, minimum, maxPerOrder, maxPerDay, rounding } = this.rules.spend;
    if (spend < minimum) return 0n;
    const doubled = 2n * spend * points;
    const halfUp = (doubled + per) / (2n * per);
    const exactHalf = doubled % (2n * per) === per;
    let price = {
      down: doubled / (2n * per),
      up: (doubled + 2n * per - 1n) / (2n * per),
      half_up: halfUp,
      half_even: exactHalf && halfUp % 2n === 1n ? halfUp - 1n : halfUp,
    }[rounding];
    const earnedToday = account.lots.filter((lot) => lot.capDay === day).map((lot) => lot.amount);
    const room = (maxPerDay ?? price) - earnedToday.reduce((total, amount) => total + amount, 0n);
    if (maxPerDay !== undefined) price = room < 0n ? 0n : least(price, room);
    return maxPerOrder === undefined ? price : least(price, maxPerOrder);
  }
}

function done(
  account: ModelAccount,
  call: Call,
  what: { earn?: number; redemption?: ModelRedemption },
  refusal?: string,
): Refusal {
  if (refusal !== undefined) return refusal;
  account.applied.set(call.key, what);
  settle(account, call.now);
  return undefined;
}

function lacks(account: ModelAccount, call: Call, points: bigint): Refusal {
  return available(account, call.now) < points ? "insufficient_points" : undefined;
}

function choose(account: ModelAccount, call: Call, points: bigint) {
  const takes: { lot: number; amount: bigint }[] = [];
  let wanted = points;
  let at = call.occurredAt;
  for (const lot of usable(account, call.now)) {
    const amount = least(wanted, free(account, lot));
    wanted -= amount;
    if (amount === 0n) break;
    takes.push({ lot: lot.no, amount });
    at = Math.max(at, lot.effectiveAt);
  }
  return { takes, at };
}

function debit(account: ModelAccount, call: Call, points: bigint) {
  const { takes, at } = choose(account, call, points);
  for (const { lot, amount } of takes) move(account, lotOf(account, lot), "debited", amount, at);
  return { takes, at };
}

function openHold(account: ModelAccount, no: number): ModelHold | string {
  const hold = account.holds.find((one) => one.no === no);
  return hold ?? (no <= account.holdsEver ? "hold_closed" : "hold_unknown");
}

function endedAt(account: ModelAccount, hold: ModelHold, call: Call): number {
  const lots = hold.parts.map((part) => lotOf(account, part.lot).effectiveAt);
  return Math.max(call.occurredAt, hold.effectiveAt, ...lots);
}
