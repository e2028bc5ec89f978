import { lastValidDate, localDate } from "@taem/kernel";
import { zoneAt } from "@taem/programme/definitions";
import type { AccountAtCut } from "./account-at-cut.ts";
import type { AccountChunk, LotGroup } from "./programme-accounts.ts";
import { lastInstantOf, type ReportCut } from "./report-cut.ts";

/** What one month's end, or nothing, will take. */
export interface ExpiryMonth {
  /** Local month of the last valid day; undefined = never. */
  readonly month: string | undefined;
  /** Months from the local month of the report; 0 = this month. */
  readonly months: number | undefined;
  amount: bigint;
}

export interface LargeAccount {
  readonly member: string;
  readonly outstanding: bigint;
  readonly debt: bigint;
}

/** Kept while the largest are sought. */
const CANDIDATES = 5_000;

/**
 * Adds up what a programme owes in one currency at one cut: outstanding = held past expiry + the months.
 */
export class OutstandingTally {
  readonly #cut: ReportCut;
  readonly #zone: string;
  readonly #lastInstant: number;
  readonly #largest: number;
  readonly #months = new Map<string | undefined, ExpiryMonth>();
  #large: LargeAccount[] = [];
  outstanding = 0n;
  debt = 0n;
  held = 0n;
  pending = 0n;
  /** Expired, but named by open holds, and owed until those end. */
  heldPastExpiry = 0n;
  accounts = 0;

  constructor(cut: ReportCut, largest: number) {
    this.#cut = cut;
    this.#lastInstant = lastInstantOf(cut);
    this.#zone = zoneAt(cut.programme, this.#lastInstant);
    this.#largest = largest;
  }

  add({ plain, plainLots, individual }: AccountChunk): void {
    for (const { member, book, debt } of plain) this.#addAccount({ member, outstanding: book, debt });
    for (const group of plainLots) this.#addLots(group);
    for (const account of individual) {
      this.#addAccount(account);
      for (const lot of account.lots) this.#addLots(this.#groupOf(lot));
    }
  }

  /** Soonest first, never last. */
  months(): ExpiryMonth[] {
    return [...this.#months.values()].sort(
      (a, b) => (a.months ?? Number.POSITIVE_INFINITY) - (b.months ?? Number.POSITIVE_INFINITY),
    );
  }

  largest(): readonly LargeAccount[] {
    this.#large = this.#large
      .sort((a, b) =>
        a.outstanding === b.outstanding
          ? a.member < b.member
            ? -1
            : 1
          : a.outstanding > b.outstanding
            ? -1
            : 1,
      )
      .slice(0, this.#largest);
    return this.#large;
  }

  #addAccount({ member, outstanding, debt }: LargeAccount): void {
    this.accounts++;
    this.outstanding += outstanding;
    this.debt += debt;
    if (outstanding <= 0n) return;
    this.#large.push({ member, outstanding, debt });
    if (this.#large.length > CANDIDATES) this.largest();
  }

  #groupOf({ dies, availableFrom, remaining, held }: AccountAtCut["lots"][number]): LotGroup {
    const isPending = availableFrom > this.#lastInstant;
    return { dies: Number.isFinite(dies) ? dies : undefined, isPending, remaining, held };
  }

  #addLots({ dies, isPending, remaining, held }: LotGroup): void {
    this.held += held;
    if (dies !== undefined && dies <= this.#cut.at) {
      this.heldPastExpiry += remaining;
      return;
    }
    if (isPending) this.pending += remaining - held;
    const month = dies === undefined ? undefined : lastValidDate(this.#zone, dies).slice(0, 7);
    const line = this.#months.get(month);
    if (line === undefined)
      this.#months.set(month, { month, months: this.#monthsUntil(month), amount: remaining });
    else line.amount += remaining;
  }

  #monthsUntil(month: string | undefined): number | undefined {
    if (month === undefined) return undefined;
    const count = (text: string) => Number(text.slice(0, 4)) * 12 + Number(text.slice(5, 7));
    return count(month) - count(localDate(this.#zone, this.#lastInstant));
  }
}
