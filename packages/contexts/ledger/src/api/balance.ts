import { fields } from "@taem/http";
import { z } from "zod";
import type { Balance } from "../domain/index.ts";

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
