import { invariant } from "@taem/kernel";
import type { Posting } from "../domain/chart.ts";

/** One line of the journal: an amount above zero from one ledger account's credit to another's debit. */
export interface Entry {
  readonly debit: string;
  readonly credit: string;
  readonly amount: bigint;
}

/** Postings that sum to zero as pairs of a debit and a credit, so that every row balances by itself. */
export function pairsOf(postings: readonly Posting[]): readonly Entry[] {
  const [first, second] = postings;
  if (first === undefined) return [];
  if (second !== undefined && postings.length === 2 && first.amount > 0n && first.amount === -second.amount) {
    return [{ debit: first.account, credit: second.account, amount: first.amount }];
  }
  return pairs(
    postings.filter(({ amount }) => amount > 0n),
    postings.filter(({ amount }) => amount < 0n),
  );
}

function pairs(debits: readonly Posting[], credits: readonly Posting[]): Entry[] {
  const entries: Entry[] = [];
  const queue = credits.map(({ account, amount }) => ({ account, left: -amount }));
  for (const { account: debit, amount } of debits) {
    let left = amount;
    while (left > 0n) {
      const [credit] = queue;
      invariant(credit, "what an event debits it credits");
      const isCovered = credit.left >= left;
      const part = isCovered ? left : credit.left;
      entries.push({ debit, credit: credit.account, amount: part });
      left -= part;
      credit.left -= part;
      if (credit.left === 0n) queue.shift();
    }
  }
  invariant(queue.length === 0, "what an event credits it debits");
  return entries;
}
