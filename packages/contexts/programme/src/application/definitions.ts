import { fields } from "@taem/http";
import { isInCalendar, MAX_AMOUNT } from "@taem/kernel";
import {
  type BusinessClock,
  evolveProgramme,
  isOfClient,
  type KeyScope,
  type Programme,
} from "../definitions.ts";
import type { CurrencySettings, DefinitionEvent, EarnRule } from "../events.ts";
import type { Definition, Refused } from "./definition.ts";
import { type Author, changeDefinition, isEqual } from "./proposals.ts";

/**
 * What definition commands do. Saying what a programme already says changes nothing; anything else is a new version, or
 * the proposal of one.
 */

const FROM_THE_BEGINNING = 0;

export interface ProgrammeDefinition {
  readonly name: string;
  readonly zone: string;
  /** Where the clock begins; live unless told. */
  readonly clock?: BusinessClock | undefined;
  /** Whether changes need no second principal: from the beginning, or not at all. */
  readonly singleHanded?: boolean | undefined;
}

export function defineProgramme(
  id: string,
  code: string,
  { name, zone, clock = { mode: "live" }, singleHanded = false }: ProgrammeDefinition,
  serverNow: number,
): Definition {
  const refusal = refusedClock(clock, zone, serverNow);
  if (refusal !== undefined) return refusal;
  const defined: DefinitionEvent = {
    type: "ProgrammeDefined",
    programme: id,
    code,
    name: fields.canonicalName(name),
    zone,
    validFrom: FROM_THE_BEGINNING,
    ...(singleHanded ? { singleHanded } : {}),
  };
  return clock.mode === "live"
    ? { events: [defined] }
    : { events: [defined, { type: "ClockSet", programme: id, mode: "replay", at: clock.at }] };
}

const MAX_YEARS_AHEAD = 10;

/** A clock goes neither back nor live before the server's time has come to it, so it must not run away. */
function refusedClock(clock: BusinessClock, zone: string, serverNow: number): Refused | undefined {
  if (clock.mode === "live") return undefined;
  const latest = new Date(serverNow);
  latest.setUTCFullYear(latest.getUTCFullYear() + MAX_YEARS_AHEAD);
  if (clock.at > latest.getTime()) {
    const detail = `the clock may stand at ${latest.toISOString()} at most, ten years beyond the server's time`;
    return { refused: "clock_too_far", detail };
  }
  if (isInCalendar(zone, clock.at)) return undefined;
  return { refused: "time_out_of_range", detail: `in ${zone} the clock would stand before the year 1970` };
}

/**
 * What defining a programme that is there changes: its zone, and whether it is run single-handed, which it ends being
 * for good. A clock may be repeated as it was first given, however far it has moved on since, so that a set-up can be run
 * again; any other would be a wish that is not fulfilled.
 */
export function redefineProgramme(
  programme: Programme,
  { name, zone, clock, singleHanded }: ProgrammeDefinition,
  author: Author,
): Definition {
  if (fields.canonicalName(programme.name) !== fields.canonicalName(name)) {
    return { refused: "programme_exists", detail: `the programme is called ${programme.name}` };
  }
  const { clock: runs, firstClock } = programme;
  if (clock !== undefined && !isEqual(clock, firstClock) && !isEqual(clock, runs)) {
    const detail = "the programme has another clock; leave `clock` out, or move it with PUT /clock";
    return { refused: "clock_differs", detail };
  }
  if (singleHanded === true && !programme.singleHanded) {
    return { refused: "not_single_handed", detail: "changes of the programme need a second principal" };
  }
  const change = { kind: "zone", zone } as const;
  if (singleHanded !== false || !programme.singleHanded) return changeDefinition(programme, change, author);
  const ended = { type: "SingleHandedEnded", programme: programme.id } as const;
  const definition = changeDefinition(evolveProgramme(programme, ended), change, author);
  return "refused" in definition ? definition : { ...definition, events: [ended, ...definition.events] };
}

export function defineCurrency(
  programme: Programme,
  code: string,
  {
    scale,
    settings,
    validFrom,
  }: { readonly scale: number; readonly settings: WantedSettings; readonly validFrom: number | undefined },
  author: Author,
): Definition {
  const known = programme.currencies.get(code);
  if (known !== undefined && known.scale !== scale) {
    return { refused: "value_not_allowed", detail: `the scale of ${code} is ${known.scale} for ever` };
  }
  const wanted = completed(settings, known?.settings.at(-1)?.value ?? newSettings(scale));
  const change = { kind: "currency_settings", currency: code, settings: wanted, validFrom } as const;
  const definition = changeDefinition(programme, change, author);
  if (known !== undefined || "refused" in definition) return definition;
  const no = programme.currencies.size + 1;
  const defined = { type: "CurrencyDefined", programme: programme.id, code, no, scale } as const;
  return { events: [defined, ...definition.events] };
}

type KeptSettings = Pick<CurrencySettings, "adjustmentTimeoutSeconds" | "earnCeiling" | "adjustmentCeiling">;

const THIRTY_DAYS = 30 * 24 * 3600;
const BILLION = 10n ** 9n;

/** What a new currency begins with, unless told. */
function newSettings(scale: number): KeptSettings {
  const whole = BILLION * 10n ** BigInt(scale);
  const ceiling = whole < MAX_AMOUNT ? whole : MAX_AMOUNT;
  return { adjustmentTimeoutSeconds: THIRTY_DAYS, earnCeiling: ceiling, adjustmentCeiling: ceiling };
}

/** Settings as they are asked for. What stands until told otherwise may be left out; a ceiling of null is none. */
export type WantedSettings = Omit<CurrencySettings, keyof KeptSettings> & {
  readonly [N in keyof KeptSettings]: KeptSettings[N] | null;
};

function completed(wanted: WantedSettings, before: KeptSettings): CurrencySettings {
  const { adjustmentTimeoutSeconds, earnCeiling, adjustmentCeiling, ...others } = wanted;
  const existing = {
    adjustmentTimeoutSeconds: adjustmentTimeoutSeconds ?? before.adjustmentTimeoutSeconds,
    earnCeiling: earnCeiling === undefined ? before.earnCeiling : earnCeiling,
    adjustmentCeiling: adjustmentCeiling === undefined ? before.adjustmentCeiling : adjustmentCeiling,
  };
  const given = Object.entries(existing).filter(([, value]) => value !== undefined && value !== null);
  return { ...others, ...(Object.fromEntries(given) as KeptSettings) };
}

export function publishRule(
  programme: Programme,
  rule: string,
  { definition, validFrom }: { readonly definition: EarnRule; readonly validFrom: number | undefined },
  author: Author,
): Definition {
  if (!programme.currencies.has(definition.currency)) {
    return { refused: "currency_unknown", detail: `the programme has no currency ${definition.currency}` };
  }
  return changeDefinition(programme, { kind: "earn_rule", rule, definition, validFrom }, author);
}

/** Every declared system has a place in the programme's definitions, which all instances keep in memory. */
const MAX_SOURCES = 1_000;

export interface SourceDeclaration {
  readonly keys: KeyScope;
  readonly retired: boolean;
}

/**
 * Declares how far the keys of a system reach, for what is decided from now on, or retires it. Keys that were used would
 * have an effect again, or be taken by others, if their scope changed: `isInUse` says whether there may be any.
 */
export function declareSource(
  programme: Programme,
  system: string,
  { keys, retired }: SourceDeclaration,
  isInUse: boolean,
): Definition {
  const known = programme.sources.get(system);
  if (known !== undefined && known.scope !== keys) {
    return {
      refused: "system_in_use",
      detail: `the keys of ${system} have the scope ${known.scope} for ever`,
    };
  }
  if (known === undefined && isInUse && keys === "programme") {
    return {
      refused: "system_in_use",
      detail: `commands were done under keys of ${system}, each for its account`,
    };
  }
  if (isOfClient(system)) {
    return { refused: "value_not_allowed", detail: "systems whose names begin with api- stand for clients" };
  }
  const declared = [...programme.sources.values()].filter(
    ({ isDeclared, isRetired }) => isDeclared && !isRetired,
  );
  const isDeclared = known?.isDeclared === true && !known.isRetired;
  if (!isDeclared && !retired && declared.length >= MAX_SOURCES) {
    return {
      refused: "too_many_sources",
      detail: `the programme has ${MAX_SOURCES} declared source systems`,
    };
  }
  const declaration: DefinitionEvent = {
    type: "SourceDeclared",
    programme: programme.id,
    system,
    scope: keys,
    declaredBy: "definition",
  };
  const retirement: DefinitionEvent = { type: "SourceRetired", programme: programme.id, system };
  if (retired) {
    if (known?.isRetired) return { events: [] };
    return { events: known === undefined ? [declaration, retirement] : [retirement] };
  }
  return { events: isDeclared ? [] : [declaration] };
}

/** A replay clock moves on, or goes live, once; a live one is left alone. */
export function setClock(programme: Programme, wanted: BusinessClock, serverNow: number): Definition {
  const { clock, id } = programme;
  if (clock.mode === "live") {
    if (wanted.mode === "live") return { events: [] };
    return { refused: "clock_live", detail: "the programme's clock is live and stays so" };
  }
  const to = wanted.mode === "live" ? serverNow : wanted.at;
  if (to < clock.at)
    return { refused: "clock_backwards", detail: "the clock stands later than that already" };
  if (wanted.mode === "live") return { events: [{ type: "ClockSet", programme: id, mode: "live" }] };
  if (wanted.at === clock.at) return { events: [] };
  const refusal = refusedClock(wanted, programme.zones.at(-1)?.value as string, serverNow);
  if (refusal !== undefined) return refusal;
  return { events: [{ type: "ClockSet", programme: id, mode: "replay", at: wanted.at }] };
}
