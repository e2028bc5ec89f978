import type { BusinessClock, CurrencyBody, RuleBody } from "@taem/client";
import { dayOf, type Instant, isoDate, rfc3339, startOf, ZONE } from "./bangkok-time.ts";

/** The programme that the simulation plays: what the API is told, and the same numbers for the oracle's arithmetic. */

export const MONEY = "THB";
export const POINT = "POINT";
export const STAMP = "STAMP";
export type CurrencyCode = typeof POINT | typeof STAMP;

const DAY_SECONDS = 86_400;

/** Amounts in minor units: satang and whole points. */
export interface EarnRule {
  readonly currency: CurrencyCode;
  readonly per: bigint;
  readonly points: bigint;
  readonly minimumSpend: bigint;
  readonly maxPerOrder: bigint;
  readonly maxPerDay?: bigint;
  readonly rounding: "down" | "half_up";
  readonly pendingSeconds: number;
}

export const rules = {
  /** One point for 25 baht at the till. */
  base: {
    currency: POINT,
    per: 2_500n,
    points: 1n,
    minimumSpend: 5_000n,
    maxPerOrder: 2_000n,
    maxPerDay: 2_500n,
    rounding: "down",
    pendingSeconds: 3 * DAY_SECONDS,
  },
  /** One point for 50 baht on a marketplace, whose fees leave less to give. */
  online: {
    currency: POINT,
    per: 5_000n,
    points: 1n,
    minimumSpend: 0n,
    maxPerOrder: 1_000n,
    rounding: "half_up",
    pendingSeconds: 3 * DAY_SECONDS,
  },
  /** Double points on 11.11 and 12.12. */
  "mega-sale": {
    currency: POINT,
    per: 2_500n,
    points: 2n,
    minimumSpend: 10_000n,
    maxPerOrder: 1_500n,
    maxPerDay: 3_000n,
    rounding: "down",
    pendingSeconds: 3 * DAY_SECONDS,
  },
  /** A stamp for 150 baht at the coffee counter. */
  stamp: {
    currency: STAMP,
    per: 15_000n,
    points: 1n,
    minimumSpend: 0n,
    maxPerOrder: 4n,
    maxPerDay: 6n,
    rounding: "down",
    pendingSeconds: 0,
  },
} as const satisfies Record<string, EarnRule>;

export type RuleName = keyof typeof rules;

export interface CurrencySettings {
  /** Points live until the end of this many months after the month of the earn; undefined = for ever. */
  readonly monthsOfLife: number | undefined;
  readonly clawback: "within_balance" | "unlimited";
  readonly returnGraceDays: number;
  readonly holdTimeoutSeconds: number;
  /** Manual adjustments above it wait for a second principal. */
  readonly adjustmentLimit: bigint;
  /** For so long. */
  readonly adjustmentTimeoutSeconds: number;
}

export const settings: Readonly<Record<CurrencyCode, CurrencySettings>> = {
  POINT: {
    monthsOfLife: 3,
    clawback: "unlimited",
    returnGraceDays: 14,
    holdTimeoutSeconds: 3 * DAY_SECONDS,
    adjustmentLimit: 500n,
    adjustmentTimeoutSeconds: 7 * DAY_SECONDS,
  },
  STAMP: {
    monthsOfLife: undefined,
    clawback: "within_balance",
    returnGraceDays: 0,
    holdTimeoutSeconds: DAY_SECONDS,
    adjustmentLimit: 10n,
    adjustmentTimeoutSeconds: 7 * DAY_SECONDS,
  },
};

/** In the middle of the simulated days the service desk may give more alone: the clerk asks, the supervisor agrees. */
const RAISED_LIMIT = 700n;

/** A change of a definition, which one proposes and another approves. */
export interface DefinitionChange {
  readonly currency: CurrencyCode;
  /** That it is of its currency's settings. */
  readonly version: number;
  readonly body: CurrencyBody;
}

export function raisedLimit(from: Instant): DefinitionChange {
  const raised = { ...settings.POINT, adjustmentLimit: RAISED_LIMIT };
  return { currency: POINT, version: 2, body: { ...currencyBody(raised), validFrom: rfc3339(from) } };
}

/** What one person may adjust alone, once the limit is raised or before. */
export function adjustmentLimit(currency: CurrencyCode, isRaised: boolean): bigint {
  return currency === POINT && isRaised ? RAISED_LIMIT : settings[currency].adjustmentLimit;
}

/** Marketplace order numbers are unique whoever the buyer is; receipts are checked within their account. */
const sources = { pos: "account", shopee: "programme", lazada: "programme" } as const;
export type System = keyof typeof sources;

/** Bodies of the PUT requests that define the programme, by what they define, in the order in which they are sent. */
export interface Definitions {
  readonly programme: { readonly name: string; readonly zone: string; readonly clock: BusinessClock };
  readonly currencies: Readonly<Record<string, CurrencyBody>>;
  readonly rules: Readonly<Record<string, RuleBody>>;
  readonly sources: Readonly<Record<string, { readonly keys: "account" | "programme" }>>;
}

/**
 * Sending them again changes nothing. The name carries the dates: a programme that plays other days refuses to be
 * defined, instead of mixing two streams.
 */
export function definitionsOf(startsAt: Instant, endsAt: Instant): Definitions {
  const clock = { mode: "replay", at: rfc3339(startsAt) } as const;
  const name = `Demonstration, ${isoDate(dayOf(startsAt))} to ${isoDate(dayOf(endsAt) - 1)}`;
  return {
    programme: { name, zone: ZONE, clock },
    currencies: mapped(settings, currencyBody),
    rules: mapped(rules, ruleBody),
    sources: mapped(sources, (keys) => ({ keys })),
  };
}

/** `endsAt` of the simulation that a programme plays, from its name: what is needed to take it up on a later day. */
export function endOfSimulation(programmeName: string): Instant | undefined {
  const lastDay = /^Demonstration, .* to (\d{4}-\d\d-\d\d)$/.exec(programmeName)?.[1];
  return lastDay === undefined ? undefined : startOf(dayOf(Date.parse(lastDay)) + 1);
}

function mapped<V, B>(values: Readonly<Record<string, V>>, bodyOf: (value: V) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, bodyOf(value)]));
}

function currencyBody(currency: CurrencySettings): CurrencyBody {
  const { monthsOfLife, adjustmentLimit, ...rest } = currency;
  return {
    scale: 0,
    expiry: monthsOfLife === undefined ? { kind: "never" } : { kind: "end_of_month", count: monthsOfLife },
    ...rest,
    maxHoldTimeoutSeconds: 7 * DAY_SECONDS,
    transferExpiry: "kept",
    adjustmentLimit: String(adjustmentLimit),
  };
}

function ruleBody({ currency, maxPerDay, rounding, pendingSeconds, ...amounts }: EarnRule): RuleBody {
  return {
    currency,
    money: MONEY,
    per: String(amounts.per),
    points: String(amounts.points),
    minimumSpend: String(amounts.minimumSpend),
    maxPerOrder: String(amounts.maxPerOrder),
    ...(maxPerDay === undefined ? {} : { maxPerDay: String(maxPerDay) }),
    rounding,
    pendingSeconds,
  };
}
