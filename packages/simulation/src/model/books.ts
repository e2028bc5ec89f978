import type { CurrencyCode, RuleName } from "../definitions.ts";

export const OUTSTANDING = "outstanding";
export const DEBT = "debt";
export const EXPIRED = "expired";
export const TRANSFER_CLEARING = "clearing:transfer";
export const WAIVED = "waived";
export const WAIVED_CLAIMS = "waived:claims";

/** The double-entry books that the oracle keeps by itself; accounts are named as in the ledger's trial balance. */
export class Books {
  readonly #balances = new Map<CurrencyCode, Map<string, bigint>>();
  readonly #earned = new Map<RuleName, bigint>();

  post(currency: CurrencyCode, debit: string, credit: string, amount: bigint): void {
    if (amount === 0n) return;
    this.#add(currency, debit, amount);
    this.#add(currency, credit, -amount);
  }

  countEarned(rule: RuleName, points: bigint): void {
    this.#earned.set(rule, (this.#earned.get(rule) ?? 0n) + points);
  }

  /** Balance by account in minor units, positive = debit. Sums to zero; accounts at zero are left out. */
  trialBalance(currency: CurrencyCode): ReadonlyMap<string, bigint> {
    const balances = [...(this.#balances.get(currency) ?? [])];
    return new Map(balances.filter(([, balance]) => balance !== 0n).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Points ever earned under each rule, returns not deducted. */
  get earnedByRule(): ReadonlyMap<RuleName, bigint> {
    return this.#earned;
  }

  #add(currency: CurrencyCode, account: string, amount: bigint): void {
    const balances = this.#balances.get(currency) ?? new Map<string, bigint>();
    this.#balances.set(currency, balances);
    balances.set(account, (balances.get(account) ?? 0n) + amount);
  }
}
