import { fields } from "@taem/http";
import type { Balance } from "@taem/ledger/domain";
import { z } from "zod";

const { total } = fields;

/** book = available + pending + held + due; debt stands beside it. */
export const balance = z.strictObject({
  book: total,
  available: total,
  pending: total,
  held: total,
  due: total,
  debt: total,
});

export function balanceBody({ book, available, pending, held, due, debt }: Balance): z.input<typeof balance> {
  return {
    book: String(book),
    available: String(available),
    pending: String(pending),
    held: String(held),
    due: String(due),
    debt: String(debt),
  };
}
