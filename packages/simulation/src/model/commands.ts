import { type Day, dayOf, type Instant, SECOND, startOf } from "../bangkok-time.ts";
import { type EarnRule, type RuleName, rules } from "../definitions.ts";
import { type Account, effectiveAt, type Hold, type Lot, min, sum, type Take } from "./account.ts";
import { DEBT, TRANSFER_CLEARING } from "./books.ts";

/** What each command must do to an account. */

export type Refusal =
  | "insufficient_points"
  | "key_reused"
  | "hold_closed"
  | "capture_exceeds_hold"
  | "origin_unknown"
  | "reversal_exceeds_origin"
  | "refund_exceeds_sale"
  | "transfer_to_self"
  | "adjustment_closed"
  | "approver_must_differ"
  | "requester_must_withdraw"
  | "no_debt";

export interface Refused {
  readonly refused: Refusal;
}

/** Points moved, or why not. */
export type Outcome = { readonly points: bigint } | Refused;

export interface When {
  /** The business clock. */
  readonly now: Instant;
  readonly occurredAt: Instant;
}

/** Runs a command with time's own work done before it, and what it makes due done after it. */
export function on<T>(account: Account, { now }: When, command: () => T): T {
  account.settle(now);
  const result = command();
  account.settle(now);
  return result;
}

/** What a spend earns, given what the rule has already given the account on that local day. */
export function priceOf(rule: EarnRule, spend: bigint, earnedToday: bigint): bigint {
  if (spend < rule.minimumSpend) return 0n;
  const points = min(priceUncapped(rule, spend), rule.maxPerOrder);
  if (rule.maxPerDay === undefined) return points;
  return earnedToday >= rule.maxPerDay ? 0n : min(points, rule.maxPerDay - earnedToday);
}

export function priceUncapped(rule: EarnRule, spend: bigint): bigint {
  const points = spend * rule.points;
  return rule.rounding === "down" ? points / rule.per : (2n * points + rule.per) / (2n * rule.per);
}

const DAYS_REMEMBERED = 10;

/** What rules with a daily cap have given one account on each of the last days. */
export class DailyEarnings {
  readonly #byDay = new Map<string, { readonly day: Day; points: bigint }>();

  of(rule: RuleName, day: Day): bigint {
    return this.#byDay.get(`${rule} ${day}`)?.points ?? 0n;
  }

  add(rule: RuleName, day: Day, points: bigint): void {
    this.#byDay.set(`${rule} ${day}`, { day, points: this.of(rule, day) + points });
    for (const [key, entry] of this.#byDay) if (entry.day < day - DAYS_REMEMBERED) this.#byDay.delete(key);
  }
}

export interface Sale {
  readonly rule: RuleName;
  readonly spend: bigint;
  readonly system: string;
}

export function earn(account: Account, earnings: DailyEarnings, sale: Sale, when: When): Lot {
  return on(account, when, () => {
    const { spend, system } = sale;
    const rule: EarnRule = rules[sale.rule];
    const day = dayOf(when.occurredAt);
    const amount = priceOf(rule, spend, earnings.of(sale.rule, day));
    earnings.add(sale.rule, day, amount);
    account.books.countEarned(sale.rule, amount);
    const availableFrom = when.occurredAt + rule.pendingSeconds * SECOND;
    const lot = { amount, spend, source: system, availableFrom, earnedAt: when.occurredAt };
    return account.credit(lot, `issuance:${system}`);
  });
}

/** A burn or capture, for whoever gives it back. */
export interface Redeemed {
  /** When its points went out: with the burn, or with the hold that was captured. */
  readonly serial: number;
  readonly points: bigint;
  readonly takes: readonly Take[];
  readonly redemption: string;
}

export function burn(account: Account, points: bigint, redemption: string, when: When): Redeemed | Refused {
  return on(account, when, () => {
    const takes = account.find(points, when.now);
    if (sum(takes) < points) return { refused: "insufficient_points" };
    account.debit(takes, effectiveAt(when.occurredAt, takes), `redemption:${redemption}`);
    return { serial: account.nextSerial(), points, takes, redemption };
  });
}

export interface Held {
  readonly points: bigint;
  readonly hold: Hold;
}

export function placeHold(account: Account, points: bigint, when: When): Held | Refused {
  return on(account, when, () => {
    const takes = account.find(points, when.now);
    if (sum(takes) < points) return { refused: "insufficient_points" };
    const timeoutAt = when.now + account.settings.holdTimeoutSeconds * SECOND;
    return { points, hold: account.placeHold(takes, timeoutAt, effectiveAt(when.occurredAt, takes)) };
  });
}

/** Spends what was held, in the order in which it was held; what is over is released. */
export function capture(
  account: Account,
  hold: Hold,
  points: bigint,
  redemption: string,
  when: When,
): Redeemed | Refused {
  return on(account, when, () => {
    if (!account.isOpen(hold)) return { refused: "hold_closed" };
    if (points > hold.amount) return { refused: "capture_exceeds_hold" };
    const at = endOfHold(account, hold, when);
    const takes: Take[] = [];
    const released: Take[] = [];
    let left = points;
    for (const { lot, amount: held } of hold.takes) {
      const amount = min(held, left);
      if (amount > 0n) takes.push({ lot, amount });
      if (amount < held) released.push({ lot, amount: held - amount });
      left -= amount;
    }
    account.debit(takes, at, `redemption:${redemption}`);
    account.comeBack(released, hold.serial, at);
    return { serial: hold.serial, points, takes, redemption };
  });
}

export function voidHold(account: Account, hold: Hold, when: When): Outcome {
  return on(account, when, () => {
    if (!account.isOpen(hold)) return { refused: "hold_closed" };
    account.comeBack(hold.takes, hold.serial, endOfHold(account, hold, when));
    return { points: hold.amount };
  });
}

function endOfHold(account: Account, hold: Hold, { occurredAt }: When): Instant {
  const at = Math.max(effectiveAt(occurredAt, hold.takes), hold.touchedAt);
  account.endHold(hold, at);
  return at;
}

/** Each part keeps its expiry and its age on the other side. */
export function transfer(source: Account, target: Account, points: bigint, when: When): Outcome {
  if (source === target) return { refused: "transfer_to_self" };
  const sent = on(source, when, () => {
    const takes = source.find(points, when.now);
    if (sum(takes) < points) return undefined;
    const at = effectiveAt(when.occurredAt, takes);
    source.debit(takes, at, TRANSFER_CLEARING);
    return { takes, at };
  });
  if (sent === undefined) return { refused: "insufficient_points" };
  const { takes, at } = sent;
  on(target, when, () => {
    for (const { lot, amount } of takes) {
      const { earnedAt, expiresAt } = lot;
      const received = { amount, availableFrom: at, touchedAt: at, earnedAt, expiresAt };
      target.credit(received, TRANSFER_CLEARING);
    }
  });
  return { points };
}

export interface Adjustment {
  readonly direction: "credit" | "debit" | "write_off";
  readonly points: bigint;
  readonly reason: string;
}

/** Whether an adjustment waits for a second principal, where one may adjust up to a limit alone. */
export function needsApproval({ direction, points }: Adjustment, limit: bigint): boolean {
  return direction === "write_off" || points > limit;
}

/** What an adjustment does once it stands. */
export function adjust(account: Account, { direction, points, reason }: Adjustment, when: When): Outcome {
  return on(account, when, () => {
    const { occurredAt } = when;
    const against = `adjustment:${reason}`;
    if (direction === "credit") {
      account.credit({ amount: points, availableFrom: occurredAt, earnedAt: occurredAt }, against);
      return { points };
    }
    if (direction === "write_off") {
      if (points > account.debt) return { refused: "no_debt" };
      account.changeDebt(-points, Math.max(occurredAt, account.debtTouchedAt));
      account.books.post(account.currency, against, DEBT, points);
      return { points };
    }
    const takes = account.find(points, when.now);
    if (sum(takes) < points) return { refused: "insufficient_points" };
    account.debit(takes, effectiveAt(occurredAt, takes), against);
    return { points };
  });
}

/** The first instant after the grace that replacements of dead lots are given. */
export function graceEnd(now: Instant, days: number): Instant {
  return startOf(dayOf(now) + days + 1);
}
