import { calendarDate, type Day, HOUR, type Instant, SECOND, startOf } from "../bangkok-time.ts";
import { type Random, Weighted } from "../random.ts";

/** When a Thai retailer's customers buy. */

/** Sunday to Saturday. */
const WEEKDAYS = [1.3, 0.85, 0.85, 0.9, 0.95, 1.1, 1.35];
/** January to December: quiet after the new year, Songkran in April, gifts at the end. */
const MONTHS = [0.95, 0.9, 0.95, 1.05, 0.95, 0.95, 0.95, 1, 0.95, 1, 1.1, 1.25];
const PAYDAY_WEEK = 1.15;
const MEGA_SALE = 6;

/** 11.11 and 12.12. */
export function isMegaSale(day: Day): boolean {
  const { month, date } = calendarDate(day);
  return month === date && month >= 11;
}

/** How busy a day is; about 1 on average. */
export function busyness(day: Day): number {
  const { weekday, month, date } = calendarDate(day);
  const ordinary = (WEEKDAYS[weekday] as number) * (MONTHS[month - 1] as number);
  return ordinary * (date >= 25 ? PAYDAY_WEEK : 1) * (isMegaSale(day) ? MEGA_SALE : 1);
}

/** By the hour from midnight. Shops open at ten; lunch, then the way home. */
const STORE = new Weighted([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 5, 8, 7, 5, 5, 6, 9, 12, 12, 9, 4, 0, 0]);
const MARKETPLACE = new Weighted([
  4, 2, 1, 0.5, 0.5, 0.5, 1, 2, 3, 4, 5, 5, 7, 6, 4, 4, 4, 4, 5, 7, 10, 12, 11, 7,
]);
/** Offers open at midnight. */
const MEGA_SALE_HOURS = new Weighted([
  30, 10, 3, 1, 0.5, 0.5, 1, 2, 3, 5, 6, 6, 8, 6, 4, 4, 4, 4, 6, 8, 11, 13, 12, 9,
]);

export type Channel = "store" | "marketplace";

/** An instant of the day when somebody buys. */
export function shoppingTime(random: Random, day: Day, channel: Channel): Instant {
  const hours = channel === "store" ? STORE : isMegaSale(day) ? MEGA_SALE_HOURS : MARKETPLACE;
  return startOf(day) + hours.draw(random) * HOUR + random.whole(0, 3_599) * SECOND;
}
