import type { Instant } from "../bangkok-time.ts";
import { type Account, effectiveAt, free, type Lot, min, sum, type Take } from "./account.ts";
import { DEBT } from "./books.ts";
import { graceEnd, type Outcome, on, type Redeemed, type When } from "./commands.ts";

/** What returns must do: sales that come back, burns that are refunded. */

export type HowMuch = { readonly points: bigint } | { readonly spend: bigint } | { readonly all: true };

export function reverseSale(account: Account, lot: Lot, by: HowMuch, when: When): Outcome {
  return on(account, when, () => {
    const left = lot.amount - lot.reversed;
    if ("spend" in by) {
      const cumulative = lot.refunded + by.spend;
      if (cumulative > lot.spend) return { refused: "refund_exceeds_sale" };
      const target = (lot.amount * cumulative) / lot.spend;
      const amount = target > lot.reversed ? target - lot.reversed : 0n;
      lot.refunded = cumulative;
      return clawBack(account, [{ lot, amount }], "", when);
    }
    const amount = "points" in by ? by.points : left;
    if (amount > left || (left === 0n && lot.amount > 0n)) return { refused: "reversal_exceeds_origin" };
    return clawBack(account, [{ lot, amount }], "", when);
  });
}

const EARNS_REMEMBERED = 12;

/** The newest earns of one account, for returns that name no sale. */
export class RecentEarns {
  #newestFirst: Lot[] = [];
  #hasForgotten = false;

  add(lot: Lot): void {
    if (lot.amount === 0n) return;
    const kept = [...this.#newestFirst, lot].toSorted((a, b) => b.earnedAt - a.earnedAt || b.no - a.no);
    this.#hasForgotten ||= kept.length > EARNS_REMEMBERED;
    this.#newestFirst = kept.slice(0, EARNS_REMEMBERED);
  }

  /** The most that can be told from what is remembered; undefined = any amount. */
  get reach(): bigint | undefined {
    if (!this.#hasForgotten) return undefined;
    return sum(this.#newestFirst.map((lot) => ({ amount: lot.amount - lot.reversed })));
  }

  /** Which earns a return of so many points takes back. */
  origins(points: bigint): Take[] {
    const origins: Take[] = [];
    let left = points;
    for (const lot of this.#newestFirst) {
      const amount = min(lot.amount - lot.reversed, left);
      if (amount > 0n) origins.push({ lot, amount });
      left -= amount;
    }
    return origins;
  }
}

export function reverseUnreferenced(
  account: Account,
  recent: RecentEarns,
  points: bigint,
  when: When,
): Outcome {
  return on(account, when, () => clawBack(account, recent.origins(points), ":unreferenced_returns", when));
}

/** What became of the points that a return asks for. */
interface Fate extends Take {
  /** Still in the lot. */
  readonly own: bigint;
  /** Had repaid debt, which comes back. */
  readonly restored: bigint;
  /** Gone elsewhere: other lots pay, then debt or nobody, by policy. */
  readonly spent: bigint;
  /** Forgiven. */
  readonly expired: bigint;
}

interface Part {
  readonly fate: Fate;
  readonly takes: readonly Take[];
  readonly debt: bigint;
  readonly waived: bigint;
}

/** What expired is asked for last, of what no return has asked for yet. */
function fateOf({ lot, amount }: Take): Fate {
  const others = lot.amount - lot.reversed - (lot.expired - lot.forgiven);
  const wanted = min(amount, others > 0n ? others : 0n);
  const own = min(wanted, free(lot));
  const restored = min(wanted - own, lot.repaid - lot.restored);
  return { lot, amount, own, restored, spent: wanted - own - restored, expired: amount - wanted };
}

function clawBack(account: Account, origins: readonly Take[], suffix: string, when: When): Outcome {
  const fates = origins.map(fateOf);
  const spoken = new Map(fates.map(({ lot, own }) => [lot, own]));
  const issuance = ({ lot }: Fate) => `issuance:${lot.source}${suffix}`;
  const parts = fates.map((fate): Part => {
    const others = account.find(fate.spent, when.now, spoken);
    for (const { lot, amount } of others) spoken.set(lot, (spoken.get(lot) ?? 0n) + amount);
    const isOwed = account.settings.clawback === "unlimited";
    const missing = fate.spent - sum(others);
    const takes = fate.own > 0n ? [{ lot: fate.lot, amount: fate.own }, ...others] : others;
    return { fate, takes, debt: fate.restored + (isOwed ? missing : 0n), waived: isOwed ? 0n : missing };
  });
  const at = effectiveTime(account, parts, when);
  for (const { fate, takes, debt, waived } of parts) {
    account.debit(takes, at, issuance(fate));
    if (debt > 0n) account.changeDebt(debt, at);
    account.books.post(account.currency, DEBT, issuance(fate), debt);
    account.waive(waived, issuance(fate), at);
    fate.lot.reversed += fate.amount;
    fate.lot.restored += fate.restored;
    fate.lot.forgiven += fate.expired;
    fate.lot.touchedAt = Math.max(fate.lot.touchedAt, at);
  }
  return { points: sum(origins) };
}

function effectiveTime(account: Account, parts: readonly Part[], { occurredAt }: When): Instant {
  const touched = parts.flatMap(({ fate, takes }) => [fate, ...takes]);
  const debtAt = parts.some(({ debt }) => debt > 0n) ? account.debtTouchedAt : 0;
  return Math.max(effectiveAt(occurredAt, touched), debtAt);
}

/** A burn or capture that may come back in parts. */
export interface Refundable {
  readonly redeemed: Redeemed;
  givenBack: bigint;
}

/** Points return to where they came from, last consumed first; for lots that have died meanwhile new ones stand in. */
export function giveBack(
  account: Account,
  burn: Refundable,
  by: { readonly points: bigint } | { readonly all: true },
  when: When,
): Outcome {
  return on(account, when, () => {
    const left = burn.redeemed.points - burn.givenBack;
    const points = "points" in by ? by.points : left;
    if (points > left || left === 0n) return { refused: "reversal_exceeds_origin" };
    const slices = lastConsumedFirst(burn, points);
    burn.givenBack += points;
    const at = effectiveAt(when.occurredAt, slices);
    const { returnGraceDays } = account.settings;
    const against = `redemption:${burn.redeemed.redemption}`;
    const restored: Take[] = [];
    const replaced: Take[] = [];
    for (const slice of slices) {
      const { lot, amount } = slice;
      if (returnGraceDays === 0 || when.now < lot.expiresAt) {
        account.restore(slice, at, against);
        restored.push(slice);
        continue;
      }
      const expiresAt = graceEnd(when.now, returnGraceDays);
      const { earnedAt, replaces = lot } = lot;
      const begun = { amount, availableFrom: at, touchedAt: at, earnedAt, expiresAt, replaces };
      replaced.push({ lot: account.credit(begun, against), amount });
    }
    account.comeBack([...restored, ...replaced], burn.redeemed.serial, at);
    return { points };
  });
}

function lastConsumedFirst({ redeemed, givenBack }: Refundable, points: bigint): Take[] {
  const slices: Take[] = [];
  let skip = givenBack;
  let left = points;
  for (const { lot, amount: taken } of redeemed.takes.toReversed()) {
    const skipped = min(skip, taken);
    skip -= skipped;
    const amount = min(taken - skipped, left);
    if (amount > 0n) slices.push({ lot, amount });
    left -= amount;
  }
  return slices;
}
