import type { AnswerOf } from "@taem/http";
import { ApiError } from "@taem/http";
import type { LocalDate } from "@taem/kernel";
import { type Balance, type Rolled, type RolledBalance, roll } from "../queries/movements.ts";
import { OPENING, type PostedPair, type Span } from "../queries/posted.ts";
import type { CurrencyReport } from "../queries/report.ts";
import { notSweptBody } from "./report-answers.ts";
import type { RollForwardQuery, reports } from "./reports.ts";

type RollForward = AnswerOf<(typeof reports)["rollForward"]>["currencies"][number];

/** Parts that one answer lists at most: a year of days. */
const MAX_PERIODS = 366;
const DIGITS = { span: 0, month: 7, day: 10 } as const;

/** The days that a roll-forward asks for. Refuses a span that ends before it begins, or has too many parts. */
export function spanOf(query: Pick<RollForwardQuery, "from" | "to" | "by">): Span {
  const { from, to, by } = query;
  const refused = (detail: string) => new ApiError("value_out_of_range", { detail });
  if (from > to) throw refused("query /from: must not be after to");
  if (by !== "span" && periodsOf(query).length > MAX_PERIODS)
    throw refused(
      `query /by: the span has more than ${MAX_PERIODS} parts; ask for fewer, or for larger ones`,
    );
  return { from, digits: DIGITS[by] };
}

/** Every month or day of the span, those in which nothing happened too; a span that is too long breaks off. */
function periodsOf({ from, to, by }: Pick<RollForwardQuery, "from" | "to" | "by">): string[] {
  const periods: string[] = [];
  const last = to.slice(0, DIGITS[by]);
  const day = new Date(`${from}T00:00:00Z`);
  for (;;) {
    const period = day.toISOString().slice(0, DIGITS[by]);
    periods.push(period);
    if (period >= last || periods.length > MAX_PERIODS) return periods;
    if (by === "month") day.setUTCMonth(day.getUTCMonth() + 1, 1);
    else day.setUTCDate(day.getUTCDate() + 1);
  }
}

export function rollForwardBody(
  { currency, pairs, notSwept }: CurrencyReport,
  query: RollForwardQuery,
): RollForward {
  const before = pairs.filter(({ period }) => period === OPENING);
  const within = pairs.filter(({ period }) => period !== OPENING);
  const { outstanding, debt, waived } = roll({ outstanding: 0n, debt: 0n, waived: 0n }, before);
  const opening = { outstanding: outstanding.closing, debt: debt.closing, waived: waived.closing };
  return {
    currency: currency.code,
    scale: currency.scale,
    total: rolledBody(roll(opening, within)),
    periods: query.by === "span" ? [] : rollPeriods(opening, within, periodsOf(query)),
    notSwept: notSweptBody(notSwept),
  };
}

function rollPeriods(
  first: { readonly [B in Balance]: bigint },
  pairs: readonly PostedPair[],
  periods: readonly LocalDate[],
): RollForward["periods"] {
  let opening = first;
  return periods.map((period) => {
    const rolled = roll(
      opening,
      pairs.filter((pair) => pair.period === period),
    );
    opening = {
      outstanding: rolled.outstanding.closing,
      debt: rolled.debt.closing,
      waived: rolled.waived.closing,
    };
    return { period, ...rolledBody(rolled) };
  });
}

function rolledBody({ outstanding, debt, waived }: Rolled) {
  return { outstanding: balanceBody(outstanding), debt: balanceBody(debt), waived: balanceBody(waived) };
}

function balanceBody({ opening, lines, closing }: RolledBalance) {
  return {
    opening: String(opening),
    lines: lines.map(({ line, of = null, points }) => ({ line, of, points: String(points) })),
    closing: String(closing),
  };
}
