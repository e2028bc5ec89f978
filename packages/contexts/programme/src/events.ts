import {
  type Category,
  choice,
  defineEvents,
  type EventIn,
  flag,
  instant,
  integer,
  optional,
  streamOf,
  text,
  UNIQUE,
} from "@taem/schema";
import { currencySettings, earnRule } from "./event-fields.ts";
import { definitionHistories } from "./event-history.ts";

/** Events of programmes: definitions as versioned data, and the business clock. */

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

const descriptions = {
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

export const definitionEvents = defineEvents(descriptions, definitionHistories);

export type DefinitionEventType = keyof typeof descriptions;
export type DefinitionEvent<T extends DefinitionEventType = DefinitionEventType> = EventIn<
  typeof descriptions,
  T
>;

export type CurrencySettings = DefinitionEvent<"CurrencySettingsPublished">["settings"];
export type EarnRule = DefinitionEvent<"EarnRulePublished">["definition"];

export const programme: Category<DefinitionEvent> = {
  name: "programme",
  owner: "stream",
  events: definitionEvents,
};

export function programmeStream(id: string): string {
  return streamOf(programme, id);
}

/** A programme's code is reserved by the event that defines the programme, before there is one. */
export const codeReservations: Category<DefinitionEvent<"ProgrammeDefined">> = {
  ...UNIQUE,
  events: definitionEvents.only("ProgrammeDefined"),
};
