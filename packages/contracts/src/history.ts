import { commanded, lotPart, newLot, replacementLot } from "./account-events.ts";
import { catalogue } from "./catalogue.ts";
import { earnRule, expiryPolicy, term } from "./definition-events.ts";
import { amount, choice, instant, integer, list, named, optional, text } from "./schema.ts";
import { earlier, type Histories, versionsOf } from "./versions.ts";

/** The next version added optional fields; what did not say them says nothing about them. */
const unchanged = (body: object): object => body;

const currencySettings1 = named("CurrencySettings", {
  expiry: expiryPolicy,
  inactivity: optional(term),
  clawback: choice("only_pending", "within_balance", "unlimited"),
  returnGraceDays: integer,
  holdTimeoutSeconds: integer,
  maxHoldTimeoutSeconds: integer,
  transferExpiry: choice("kept", "replaced"),
  maxBalance: optional(amount),
  adjustmentLimit: amount,
});

const adjustmentRequested1 = {
  ...commanded,
  adjustment: integer,
  direction: choice("credit", "debit", "write_off"),
  amount,
  reason: text,
  requestedBy: text,
} as const;

/**
 * Versions that events were once written in, for each type that has had more than one. They are in stores for ever:
 * nothing here is changed or taken out.
 */
const histories: Histories = {
  AdjustmentRequested: {
    current: 3,
    earlier: {
      1: earlier(adjustmentRequested1, unchanged),
      2: earlier({ ...adjustmentRequested1, expiresAt: optional(instant) }, unchanged),
    },
  },
  AdjustmentCredited: {
    current: 2,
    earlier: {
      1: earlier(
        {
          ...commanded,
          adjustment: optional(integer),
          lot: newLot,
          reason: text,
          requestedBy: text,
          approvedBy: optional(text),
          deadline: optional(instant),
        },
        unchanged,
      ),
    },
  },
  AdjustmentDebited: {
    current: 2,
    earlier: {
      1: earlier(
        {
          ...commanded,
          adjustment: optional(integer),
          amount,
          takes: list(lotPart),
          reason: text,
          requestedBy: text,
          approvedBy: optional(text),
        },
        unchanged,
      ),
    },
  },
  DebtWrittenOff: {
    current: 2,
    earlier: {
      1: earlier(
        { ...commanded, adjustment: integer, amount, reason: text, requestedBy: text, approvedBy: text },
        unchanged,
      ),
    },
  },
  BurnReversed: {
    current: 2,
    earlier: {
      1: earlier(
        {
          ...commanded,
          origin: integer,
          amount,
          restored: list(lotPart),
          replacements: list(replacementLot),
          redemption: text,
          reason: text,
          deadline: optional(instant),
        },
        unchanged,
      ),
    },
  },
  ProgrammeDefined: {
    current: 2,
    earlier: {
      1: earlier({ programme: text, code: text, name: text, zone: text, validFrom: instant }, unchanged),
    },
  },
  ProgrammeZoneChanged: {
    current: 2,
    earlier: { 1: earlier({ programme: text, zone: text, validFrom: instant }, unchanged) },
  },
  CurrencySettingsPublished: {
    current: 2,
    earlier: {
      1: earlier(
        {
          programme: text,
          currency: text,
          version: integer,
          validFrom: instant,
          settings: currencySettings1,
        },
        unchanged,
      ),
    },
  },
  EarnRulePublished: {
    current: 2,
    earlier: {
      1: earlier(
        { programme: text, rule: text, version: integer, validFrom: instant, definition: earnRule },
        unchanged,
      ),
    },
  },
  SourceDeclared: {
    current: 2,
    earlier: {
      1: earlier({ programme: text, system: text, scope: choice("account", "programme") }, (body) => ({
        ...body,
        declaredBy: "not_recorded",
      })),
    },
  },
};

/** Every event type with all its versions. A table that is not whole fails here, at start-up. */
export const eventVersions = versionsOf(catalogue, histories);
