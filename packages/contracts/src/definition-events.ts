import { amount, choice, flag, type InferFields, instant, integer, named, optional, text } from "./schema.ts";

/** Events of programmes (definitions as versioned data) and of members. */

/** A length of calendar time in the programme's zone. */
export const term = named("Term", { count: integer, unit: choice("days", "months", "years") });

/**
 * When points die. `term`: the last valid day is the earn day plus the term; `end_of_month`: the end of the month
 * `count` months after the earn month; `end_of_year`: the end of the `count`-th year after the earn year; `never`.
 */
export const expiryPolicy = named("ExpiryPolicy", {
  kind: choice("term", "end_of_month", "end_of_year", "never"),
  term: optional(term),
  count: optional(integer),
});

export const currencySettings = named("CurrencySettings", {
  expiry: expiryPolicy,
  /** Everything in an account dies this long after its last earn, burn or capture. */
  inactivity: optional(term),
  clawback: choice("only_pending", "within_balance", "unlimited"),
  /** Days a given-back point lives when its lot is dead; 0 = it expires at once. */
  returnGraceDays: integer,
  holdTimeoutSeconds: integer,
  maxHoldTimeoutSeconds: integer,
  transferExpiry: choice("kept", "replaced"),
  /** An incoming transfer may not lift the book balance above this. */
  maxBalance: optional(amount),
  /** Adjustments above this need a second principal. */
  adjustmentLimit: amount,
  /** How long an adjustment waits for one; absent = for ever. */
  adjustmentTimeoutSeconds: optional(integer),
  /** What one client may earn, and adjust, in a programme on a local day at most; absent = without end. */
  earnCeiling: optional(amount),
  adjustmentCeiling: optional(amount),
});

export const earnRule = named("EarnRule", {
  currency: text,
  /** Currency of the spend, ISO 4217. */
  money: text,
  /** `points` for every `per` minor units of money. */
  per: amount,
  points: amount,
  minimumSpend: amount,
  maxPerOrder: optional(amount),
  maxPerDay: optional(amount),
  rounding: choice("down", "half_up", "half_even", "up"),
  /** Points become available this long after the sale. */
  pendingSeconds: integer,
});

/** A change that waits for a second principal. */
const proposed = {
  programme: text,
  /** Its ordinal in the programme. */
  proposal: integer,
  requestedBy: text,
  proposedAt: instant,
  /** That the change is to be of its definition: once another has taken it, it cannot be approved any more. */
  version: integer,
} as const;

/**
 * How the change of a definition came about: proposed by one principal and approved by another, or at once, where the
 * programme is run single-handed. A first version needs one principal and has none of these.
 */
const provenance = {
  proposal: optional(integer),
  requestedBy: optional(text),
  approvedBy: optional(text),
  singleHanded: optional(flag),
} as const;

export const definitionEvents = {
  ProgrammeDefined: {
    programme: text,
    code: text,
    name: text,
    zone: text,
    validFrom: instant,
    /** True where no change needs a second principal, until `SingleHandedEnded`. */
    singleHanded: optional(flag),
  },
  SingleHandedEnded: { programme: text },
  ProgrammeZoneChanged: { programme: text, zone: text, validFrom: instant, ...provenance },
  CurrencyDefined: { programme: text, code: text, no: integer, scale: integer },
  CurrencySettingsPublished: {
    programme: text,
    currency: text,
    version: integer,
    validFrom: instant,
    settings: currencySettings,
    ...provenance,
  },
  EarnRulePublished: {
    programme: text,
    rule: text,
    version: integer,
    validFrom: instant,
    definition: earnRule,
    ...provenance,
  },
  /** Proposals; without `validFrom` the change is to hold from its approval on. */
  ZoneChangeProposed: { ...proposed, zone: text },
  CurrencySettingsProposed: {
    ...proposed,
    currency: text,
    validFrom: optional(instant),
    settings: currencySettings,
  },
  EarnRuleProposed: { ...proposed, rule: text, validFrom: optional(instant), definition: earnRule },
  /** A second principal turned the proposal down. */
  ProposalRejected: { programme: text, proposal: integer, requestedBy: text, rejectedBy: text },
  /** Who made it took it back. */
  ProposalWithdrawn: { programme: text, proposal: integer, requestedBy: text },
  SourceDeclared: {
    programme: text,
    system: text,
    /** How far its keys reach: each account has its own, or one effect whoever the member is. */
    scope: choice("account", "programme"),
    /** How the scope came about: an administrator defined it, or, once, the system's first command did. */
    declaredBy: choice("definition", "first_command", "not_recorded"),
  },
  /** Nothing is decided under its keys from now on, until it is declared again. */
  SourceRetired: { programme: text, system: text },
  ClockSet: { programme: text, mode: choice("live", "replay"), at: optional(instant) },
} as const;

export const memberEvents = {
  MemberEnrolled: { programme: text, member: text, enrolledAt: instant },
  /** A value that must be unique in the programme now belongs to the member; the stream is named by its HMAC. */
  ReferenceReserved: { programme: text, member: text, kind: choice("external_id", "enrolment_key") },
  /** A business key with programme scope now belongs to one account. */
  KeyReserved: { programme: text, member: text, currency: text },
} as const;

export type DefinitionEventType = keyof typeof definitionEvents;
export type DefinitionEvent<T extends DefinitionEventType = DefinitionEventType> = {
  [K in T]: { readonly type: K } & InferFields<(typeof definitionEvents)[K]>;
}[T];

export type MemberEventType = keyof typeof memberEvents;
export type MemberEvent<T extends MemberEventType = MemberEventType> = {
  [K in T]: { readonly type: K } & InferFields<(typeof memberEvents)[K]>;
}[T];

export type Term = { readonly count: number; readonly unit: "days" | "months" | "years" };
export type ExpiryPolicy = CurrencySettings["expiry"];
export type CurrencySettings = DefinitionEvent<"CurrencySettingsPublished">["settings"];
export type EarnRule = DefinitionEvent<"EarnRulePublished">["definition"];
