import {
  amount,
  choice,
  earlier,
  type Histories,
  instant,
  integer,
  named,
  optional,
  text,
} from "@taem/schema";
import { earnRule, expiryPolicy, term } from "./event-fields.ts";

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

/**
 * Versions that events were once written in, for each type that has had more than one. They are in stores for ever:
 * nothing here is changed or taken out.
 */
export const definitionHistories: Histories = {
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
