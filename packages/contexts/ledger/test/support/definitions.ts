import type { CurrencySettings, DefinitionEvent, EarnRule } from "@taem/programme/events";

export const DAY = 86_400_000;
/** 2 January 2026, 00:00 UTC. */
export const START_OF_TIME = Date.UTC(2026, 0, 2);

const settings: CurrencySettings = {
  expiry: { kind: "end_of_month", count: 2 },
  clawback: "unlimited",
  returnGraceDays: 0,
  holdTimeoutSeconds: 3 * 86_400,
  maxHoldTimeoutSeconds: 7 * 86_400,
  transferExpiry: "kept",
  adjustmentLimit: 500n,
  adjustmentTimeoutSeconds: 20 * 86_400,
};

const rule: EarnRule = {
  currency: "POINT",
  money: "THB",
  per: 2_500n,
  points: 1n,
  minimumSpend: 0n,
  rounding: "down",
  pendingSeconds: 7 * 86_400,
};

/** A programme with two currencies: POINT expires by month, STAR by a term and by inactivity. */
export function definitionsOf(id: string, code: string, zone: string): DefinitionEvent[] {
  const programme = id;
  const validFrom = START_OF_TIME - 365 * DAY;
  return [
    { type: "ProgrammeDefined", programme, code, name: code, zone, validFrom },
    { type: "CurrencyDefined", programme, code: "POINT", no: 1, scale: 0 },
    { type: "CurrencySettingsPublished", programme, currency: "POINT", version: 1, validFrom, settings },
    { type: "CurrencyDefined", programme, code: "STAR", no: 2, scale: 2 },
    {
      type: "CurrencySettingsPublished",
      programme,
      currency: "STAR",
      version: 1,
      validFrom,
      settings: {
        ...settings,
        expiry: { kind: "term", term: { count: 45, unit: "days" } },
        inactivity: { count: 20, unit: "days" },
        clawback: "within_balance",
        returnGraceDays: 5,
        transferExpiry: "replaced",
        maxBalance: 1_500n,
      },
    },
    { type: "EarnRulePublished", programme, rule: "base", version: 1, validFrom, definition: rule },
  ];
}
