/**
 * What the API takes and answers, as JSON has it. The schemas that validate live in the services; a test holds these
 * types against them.
 */

/** Whole minor units as decimal digits. */
export type Amount = string;
/** RFC 3339 with offset. */
export type Instant = string;

/** The business key of a command: the same key and meaning give the first result again. */
export interface Source {
  readonly system: string;
  readonly id: string;
  readonly leg?: string;
}

export interface Spend {
  readonly amount: Amount;
  readonly currency: string;
  readonly rule: string;
}

interface Keyed {
  readonly source: Source;
  readonly occurredAt?: Instant;
}

/** `member` is the API's id, or `ext:` and the caller's own. */
interface OnMember extends Keyed {
  readonly member: string;
  readonly currency: string;
}

export type EarnBody = { readonly expiresAt?: Instant | null; readonly reason?: string } & (
  | { readonly points: Amount }
  | { readonly spend: Spend }
);

export type ReverseBody = { readonly origin?: Source; readonly reason?: string } & (
  | { readonly points: Amount }
  | { readonly spend: { readonly amount: Amount; readonly rule?: string } }
  | { readonly all: true }
);

export interface BurnBody {
  readonly points: Amount;
  readonly redemption?: string;
}

export interface HoldBody extends BurnBody {
  readonly timeoutSeconds?: number;
}

export interface TransferBody {
  readonly points: Amount;
  readonly to: string;
}

export interface AdjustBody {
  readonly direction: "credit" | "debit" | "write_off";
  readonly points: Amount;
  readonly reason: string;
}

/** One line of a bulk request. Each can be repeated: it carries the key that makes a repetition change nothing. */
export type BulkLine =
  | { readonly op: "enrol"; readonly externalId: string }
  | ({ readonly op: "earn" } & OnMember & EarnBody)
  | ({ readonly op: "burn" } & OnMember & BurnBody)
  | ({ readonly op: "hold" } & OnMember & HoldBody)
  | ({ readonly op: "transfer" } & OnMember & TransferBody)
  | ({ readonly op: "reverse" } & OnMember & ReverseBody)
  | ({ readonly op: "adjust" } & OnMember & AdjustBody)
  | ({ readonly op: "capture"; readonly hold: string; readonly points?: Amount } & Keyed)
  | ({ readonly op: "void"; readonly hold: string } & Keyed)
  | ({ readonly op: "approve"; readonly adjustment: string } & Keyed);

export type BusinessClock = { readonly mode: "live" } | { readonly mode: "replay"; readonly at: Instant };

export interface Term {
  readonly count: number;
  readonly unit: "days" | "months" | "years";
}

export interface CurrencyBody {
  readonly scale?: number;
  readonly validFrom?: Instant;
  readonly expiry:
    | { readonly kind: "term"; readonly term: Term }
    | { readonly kind: "end_of_month" | "end_of_year"; readonly count: number }
    | { readonly kind: "never" };
  readonly inactivity?: Term;
  readonly clawback?: "only_pending" | "within_balance" | "unlimited";
  readonly returnGraceDays?: number;
  readonly holdTimeoutSeconds?: number;
  readonly maxHoldTimeoutSeconds?: number;
  readonly transferExpiry?: "kept" | "replaced";
  readonly maxBalance?: Amount;
  readonly adjustmentLimit?: Amount;
}

export interface RuleBody {
  readonly validFrom?: Instant;
  readonly currency: string;
  readonly money: string;
  readonly per: Amount;
  readonly points: Amount;
  readonly minimumSpend?: Amount;
  readonly maxPerOrder?: Amount;
  readonly maxPerDay?: Amount;
  readonly rounding?: "down" | "half_up" | "half_even" | "up";
  readonly pendingSeconds?: number;
}
