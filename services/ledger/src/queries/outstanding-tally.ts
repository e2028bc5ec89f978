import {
  type AccountIdentity,
  type AccountState,
  diesAt,
  lastValidDate,
  localDate,
  openLots,
  settledAt,
} from "@taem/domain";

/** What one month's end, or nothing, will take. */
export interface ExpiryMonth {
  /** Local month of the last valid day; undefined = never. */
  readonly month: string | undefined;
  /** Months from the local month of the report; 0 = this month. */
  readonly months: number | undefined;
  amount: bigint;
}

/**
 * Adds up what a programme owes in one currency at one instant: book = due + held past expiry + the months.
 */
export class OutstandingTally {
  readonly at: number;
  readonly #zone: string;
  readonly #months = new Map<string | undefined, ExpiryMonth>();
  book = 0n;
  debt = 0n;
  held = 0n;
  pending = 0n;
  /** Over by now, the event that says so still to come. */
  due = 0n;
  /** Expired, but named by open holds, and owed until those end. */
  heldPastExpiry = 0n;
  accounts = 0;

  constructor(zone: string, at: number) {
    this.#zone = zone;
    this.at = at;
  }

  /** An account by its full state: time is let run its course first. */
  addAccount(state: AccountState, identity: AccountIdentity): void {
    const view = settledAt(state, identity, this.at);
    this.accounts++;
    this.book += state.book;
    this.debt += view.debt;
    this.due += state.book - view.book;
    for (const lot of openLots(view)) {
      this.#add(diesAt(lot, view), lot.availableFrom > this.at, lot.remaining, lot.held);
    }
  }

  /** Lots of accounts to which time does nothing else than end lots. `dies` undefined = never. */
  addLots(dies: number | undefined, isPending: boolean, remaining: bigint, held: bigint): void {
    this.book += remaining;
    const isDead = dies !== undefined && dies <= this.at;
    if (isDead) this.due += remaining - held;
    this.#add(dies ?? Number.POSITIVE_INFINITY, isPending, isDead ? held : remaining, held);
  }

  /** Soonest first, never last. */
  months(): ExpiryMonth[] {
    return [...this.#months.values()].sort(
      (a, b) => (a.months ?? Number.POSITIVE_INFINITY) - (b.months ?? Number.POSITIVE_INFINITY),
    );
  }

  #add(dies: number, isPending: boolean, amount: bigint, held: bigint): void {
    this.held += held;
    if (dies <= this.at) {
      this.heldPastExpiry += amount;
      return;
    }
    if (isPending) this.pending += amount - held;
    const month = Number.isFinite(dies) ? lastValidDate(this.#zone, dies).slice(0, 7) : undefined;
    const line = this.#months.get(month);
    if (line === undefined) this.#months.set(month, { month, months: this.#monthsUntil(month), amount });
    else line.amount += amount;
  }

  #monthsUntil(month: string | undefined): number | undefined {
    if (month === undefined) return undefined;
    const count = (text: string) => Number(text.slice(0, 4)) * 12 + Number(text.slice(5, 7));
    return count(month) - count(localDate(this.#zone, this.at));
  }
}
