import { endOf, type Instant, type LocalDate, lastValidDate, type Version, versionAt } from "@taem/kernel";
import type { CurrencySettings, DefinitionEvent, EarnRule } from "../events.ts";
import {
  NO_PROPOSALS,
  type Proposals,
  type ProposedChange,
  withoutProposal,
  withProposal,
} from "./proposals.ts";

/** A programme: its definitions as versioned data. Immutable; a fold of the programme's stream. */
export interface Programme {
  readonly id: string;
  /** The caller's name for it in routes, e.g. `the-1`. */
  readonly code: string;
  readonly name: string;
  /** Whether changes, and adjustments, need no second principal. */
  readonly singleHanded: boolean;
  readonly revision: number;
  readonly zones: readonly Version<string>[];
  readonly currencies: ReadonlyMap<string, Currency>;
  readonly rules: ReadonlyMap<string, readonly Version<EarnRule>[]>;
  /** Source systems that are declared; the keys of any other are of account scope. */
  readonly sources: ReadonlyMap<string, Source>;
  /** Changes that wait for a second principal. */
  readonly proposals: Proposals;
  readonly clock: BusinessClock;
  /** What the clock was when the programme was defined. */
  readonly firstClock: BusinessClock;
  /** Whether it was defined to be run single-handed. */
  readonly firstSingleHanded: boolean;
}

export type KeyScope = "account" | "programme";

export interface Source {
  /** How far its business keys reach: each account has its own, or one effect whoever the member is. */
  readonly scope: KeyScope;
  /** An administrator declared it: not, as once, its first command. */
  readonly isDeclared: boolean;
  /** Nothing is decided under its keys any more. */
  readonly isRetired: boolean;
}

export interface Currency {
  readonly code: string;
  /** Ours, 1, 2, ...: names the account's stream. */
  readonly no: number;
  /** Decimal places, fixed for ever. */
  readonly scale: number;
  readonly settings: readonly Version<CurrencySettings>[];
}

/** `live` follows the server's time; `replay` stands where it was set, for imports and demonstrations. */
export type BusinessClock = { readonly mode: "live" } | { readonly mode: "replay"; readonly at: Instant };

/** What time it is for the programme: decisions, sweeps and queries all use this. */
export function businessNow(programme: Programme, serverNow: Instant): Instant {
  return programme.clock.mode === "live" ? serverNow : programme.clock.at;
}

/** Definitions before the first version's validity use that first version: a history may be older than its rules. */
export function zoneAt(programme: Programme, at: Instant): string {
  const version = versionAt(programme.zones, at) ?? programme.zones[0];
  return (version as Version<string>).value;
}

/**
 * The last local day on which what ends at an instant, exclusive, is still valid: by the zone in force at the end, as an
 * expiry's accounting date is; of an end that is still to come `at` an instant, by the zone in force then. Undefined = it never ends.
 */
export function lastDayOf(
  programme: Programme,
  end: Instant | null | undefined,
  at: Instant,
): LocalDate | undefined {
  const ends = endOf(end);
  return Number.isFinite(ends) ? lastValidDate(zoneAt(programme, Math.min(ends, at)), ends) : undefined;
}

export function settingsAt(currency: Currency, at: Instant): CurrencySettings {
  const version = versionAt(currency.settings, at) ?? currency.settings[0];
  return (version as Version<CurrencySettings>).value;
}

/** The versions of the definition that a change is about, as published. */
export function versionsOf(programme: Programme, change: ProposedChange): readonly Version<unknown>[] {
  switch (change.kind) {
    case "zone":
      return programme.zones;
    case "currency_settings":
      return programme.currencies.get(change.currency)?.settings ?? [];
    case "earn_rule":
      return programme.rules.get(change.rule) ?? [];
  }
}

export function evolveProgramme(programme: Programme | undefined, event: DefinitionEvent): Programme {
  if (event.type === "ProgrammeDefined") {
    return {
      id: event.programme,
      code: event.code,
      name: event.name,
      singleHanded: event.singleHanded ?? false,
      revision: 1,
      zones: [{ version: 1, validFrom: event.validFrom, value: event.zone }],
      currencies: new Map(),
      rules: new Map(),
      sources: new Map(),
      proposals: NO_PROPOSALS,
      clock: { mode: "live" },
      firstClock: { mode: "live" },
      firstSingleHanded: event.singleHanded ?? false,
    };
  }
  if (programme === undefined) throw new Error(`${event.type} of a programme that was never defined`);
  const revision = programme.revision + 1;
  return {
    ...programme,
    revision,
    proposals: proposalsAfter(programme, event),
    ...changeOf(programme, event),
  };
}

type Change = Exclude<DefinitionEvent["type"], "ProgrammeDefined">;

function changeOf(programme: Programme, event: DefinitionEvent<Change>): Partial<Programme> {
  switch (event.type) {
    case "ProgrammeZoneChanged":
      return { zones: [...programme.zones, next(programme.zones, event, event.zone)] };
    case "CurrencyDefined": {
      const { code, no, scale } = event;
      return { currencies: new Map(programme.currencies).set(code, { code, no, scale, settings: [] }) };
    }
    case "CurrencySettingsPublished": {
      const currency = programme.currencies.get(event.currency) as Currency;
      const settings = [...currency.settings, next(currency.settings, event, event.settings)];
      return { currencies: new Map(programme.currencies).set(currency.code, { ...currency, settings }) };
    }
    case "EarnRulePublished": {
      const versions = programme.rules.get(event.rule) ?? [];
      const published = [...versions, next(versions, event, event.definition)];
      return { rules: new Map(programme.rules).set(event.rule, published) };
    }
    case "SourceDeclared": {
      const source = {
        scope: event.scope,
        isDeclared: event.declaredBy !== "first_command",
        isRetired: false,
      };
      return { sources: new Map(programme.sources).set(event.system, source) };
    }
    case "SourceRetired": {
      const source = programme.sources.get(event.system) as Source;
      return { sources: new Map(programme.sources).set(event.system, { ...source, isRetired: true }) };
    }
    case "SingleHandedEnded":
      return { singleHanded: false };
    case "ZoneChangeProposed":
    case "CurrencySettingsProposed":
    case "EarnRuleProposed":
    case "ProposalRejected":
    case "ProposalWithdrawn":
      return {};
    case "ClockSet": {
      const clock: BusinessClock =
        event.mode === "live" ? { mode: "live" } : { mode: "replay", at: event.at as Instant };
      // Only the definition itself can say it next: a clock that began live is never set.
      return programme.revision === 1 ? { clock, firstClock: clock } : { clock };
    }
  }
}

function proposalsAfter({ proposals }: Programme, event: DefinitionEvent<Change>): Proposals {
  switch (event.type) {
    case "ZoneChangeProposed":
    case "CurrencySettingsProposed":
    case "EarnRuleProposed":
      return withProposal(proposals, event);
    case "ProposalRejected":
      return withoutProposal(proposals, { no: event.proposal, how: "rejected", by: event.rejectedBy });
    case "ProposalWithdrawn":
      return withoutProposal(proposals, { no: event.proposal, how: "withdrawn", by: event.requestedBy });
    case "ProgrammeZoneChanged":
    case "CurrencySettingsPublished":
    case "EarnRulePublished": {
      const { proposal: no, approvedBy: by } = event;
      if (no === undefined || by === undefined) return proposals;
      return withoutProposal(proposals, { no, how: "approved", by });
    }
    default:
      return proposals;
  }
}

function next<T>(
  versions: readonly Version<T>[],
  { validFrom, requestedBy, approvedBy, singleHanded }: Publishing,
  value: T,
): Version<T> {
  return {
    version: versions.length + 1,
    validFrom,
    value,
    ...(requestedBy !== undefined && { requestedBy }),
    ...(approvedBy !== undefined && { approvedBy }),
    ...(singleHanded !== undefined && { singleHanded }),
  };
}

type Publishing = Pick<
  DefinitionEvent<"EarnRulePublished">,
  "validFrom" | "requestedBy" | "approvedBy" | "singleHanded"
>;

/** Whether a system stands for a client: that of commands which name no source. Its keys are of account scope. */
export function isOfClient(system: string): boolean {
  return system.startsWith("api-");
}
