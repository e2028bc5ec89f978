import { type Currency, evolveProgramme, type Programme } from "../src/definitions.ts";
import type { CurrencySettings, DefinitionEvent, EarnRule } from "../src/events.ts";

/** Programmes for tests, folded from definition events as the product does it. */

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Noon in Bangkok. */
export const NOON = Date.UTC(2026, 2, 2, 5);

export const at = (text: string): number => Date.parse(text);

const plainSettings: CurrencySettings = {
  expiry: { kind: "never" },
  clawback: "unlimited",
  returnGraceDays: 0,
  holdTimeoutSeconds: 3600,
  maxHoldTimeoutSeconds: 7 * 86_400,
  transferExpiry: "kept",
  adjustmentLimit: 1_000n,
};

/** One point for every baht (100 satang). */
const plainRule: EarnRule = {
  currency: "PTS",
  money: "THB",
  per: 100n,
  points: 1n,
  minimumSpend: 0n,
  rounding: "down",
  pendingSeconds: 0,
};

export interface Shape {
  readonly zone?: string;
  readonly singleHanded?: boolean;
  readonly settings?: Partial<CurrencySettings>;
  readonly rules?: Readonly<Record<string, Partial<EarnRule>>>;
  readonly more?: readonly DefinitionEvent[];
}

const PROGRAMME = "p-1";

export function programmeOf({
  zone = "Asia/Bangkok",
  singleHanded = false,
  settings,
  rules,
  more = [],
}: Shape = {}): Programme {
  const programme = PROGRAMME;
  const named = { code: "the-1", name: "The One" };
  const definitions: DefinitionEvent[] = [
    { type: "ProgrammeDefined", programme, ...named, zone, validFrom: 0, singleHanded },
    { type: "CurrencyDefined", programme, code: "PTS", no: 1, scale: 0 },
    settingsPublished(settings, 1, 0),
    ...Object.entries({ spend: {}, ...rules }).map(([rule, definition]) => rulePublished(rule, definition)),
    ...more,
  ];
  let folded: Programme | undefined;
  for (const event of definitions) folded = evolveProgramme(folded, event);
  return folded as Programme;
}

export function settingsPublished(
  settings: Partial<CurrencySettings> | undefined,
  version: number,
  validFrom: number,
): DefinitionEvent<"CurrencySettingsPublished"> {
  return {
    type: "CurrencySettingsPublished",
    programme: PROGRAMME,
    currency: "PTS",
    version,
    validFrom,
    settings: { ...plainSettings, ...settings },
  };
}

export function rulePublished(
  rule: string,
  definition: Partial<EarnRule>,
  version = 1,
  validFrom = 0,
): DefinitionEvent<"EarnRulePublished"> {
  return {
    type: "EarnRulePublished",
    programme: PROGRAMME,
    rule,
    version,
    validFrom,
    definition: { ...plainRule, ...definition },
  };
}

export function currencyOf(programme: Programme): Currency {
  return programme.currencies.get("PTS") as Currency;
}
