import { isSamePrincipal, type Version } from "@taem/kernel";
import {
  type ClosedProposal,
  type Programme,
  type Proposal,
  type ProposedChange,
  versionsOf,
} from "../definitions.ts";
import type { DefinitionEvent } from "../events.ts";
import type { Definition, Refused } from "./definition.ts";

/**
 * Who may change a definition. Its first version needs one principal, a change of it a second: it is proposed, and
 * published by whoever approves it. In a programme that is run single-handed it is published at once, and says so.
 */

const FROM_THE_BEGINNING = 0;
/** Every instance keeps them in memory. */
const MAX_OPEN = 100;
/** Nobody alone keeps all others from proposing. */
const MAX_OPEN_OF_ONE = 50;

/** Who asks, and when, on the programme's business clock. */
export interface Author {
  readonly actor: string;
  readonly now: number;
}

/** Publishes or proposes a version; saying what stands, or what is proposed already, changes nothing. */
export function changeDefinition(programme: Programme, change: ProposedChange, author: Author): Definition {
  const versions = versionsOf(programme, change);
  if (versions.length === 0) return { events: [published(programme, change, author, {})] };
  if (isNewest(versions, change)) return { events: [] };
  const { actor: requestedBy, now: proposedAt } = author;
  if (programme.singleHanded) {
    return { events: [published(programme, change, author, { requestedBy, singleHanded: true })] };
  }
  const { open, next: proposal } = programme.proposals;
  const version = versions.length + 1;
  const known = [...open.values()].find((one) => one.version === version && isEqual(one.change, change));
  if (known !== undefined) return { events: [], proposal: known.no };
  if (open.size >= MAX_OPEN) {
    return { refused: "too_many_proposals", detail: `${MAX_OPEN} proposals of the programme wait already` };
  }
  const own = [...open.values()].filter((one) => isSamePrincipal(one.requestedBy, requestedBy)).length;
  if (own >= MAX_OPEN_OF_ONE) {
    const detail = `${MAX_OPEN_OF_ONE} proposals of yours wait already: withdraw one, or have it decided on`;
    return { refused: "too_many_proposals", detail };
  }
  const proposed = { programme: programme.id, proposal, requestedBy, proposedAt, version };
  return { events: [proposing(change, proposed)], proposal };
}

/** Decided afresh, by the definitions as they are now. */
export function approveProposal(programme: Programme, no: number, author: Author): Definition {
  const waiting = decidedBySecond(programme, no, "approved", author);
  if (!("change" in waiting)) return waiting;
  const { change, requestedBy, version } = waiting;
  const versions = versionsOf(programme, change);
  if (versions.length + 1 !== version) {
    const detail = `it was to be version ${version}, and version ${versions.length} stands: propose it again`;
    return { refused: "proposal_obsolete", detail };
  }
  const provenance = { proposal: no, requestedBy, approvedBy: author.actor };
  return { events: [published(programme, change, author, provenance)] };
}

export function rejectProposal(programme: Programme, no: number, author: Author): Definition {
  const waiting = decidedBySecond(programme, no, "rejected", author);
  if (!("change" in waiting)) return waiting;
  const { requestedBy } = waiting;
  const about = { programme: programme.id, proposal: no, requestedBy };
  return { events: [{ type: "ProposalRejected", ...about, rejectedBy: author.actor }] };
}

export function withdrawProposal(programme: Programme, no: number, author: Author): Definition {
  const waiting = openProposal(programme, no, "withdrawn", author);
  if (!("change" in waiting)) return waiting;
  const { requestedBy } = waiting;
  if (!isSamePrincipal(requestedBy, author.actor)) {
    return { refused: "requester_must_withdraw", detail: "another principal proposed it: reject it" };
  }
  return { events: [{ type: "ProposalWithdrawn", programme: programme.id, proposal: no, requestedBy }] };
}

type Decided = Proposal | Refused | { readonly events: readonly [] };

/** A proposal that waits, for somebody who did not make it. */
function decidedBySecond(
  programme: Programme,
  no: number,
  how: ClosedProposal["how"],
  author: Author,
): Decided {
  const waiting = openProposal(programme, no, how, author);
  if (!("change" in waiting) || !isSamePrincipal(waiting.requestedBy, author.actor)) return waiting;
  return {
    refused: "approver_must_differ",
    detail: "a second principal must decide on what the first proposed",
  };
}

/** A proposal that waits. Whoever has closed it in the same way before changes nothing. */
function openProposal(
  { proposals }: Programme,
  no: number,
  how: ClosedProposal["how"],
  { actor }: Author,
): Decided {
  const waiting = proposals.open.get(no);
  if (waiting !== undefined) return waiting;
  if (no >= proposals.next) return { refused: "proposal_unknown", detail: `there is no proposal ${no}` };
  const closed = proposals.closed.find((one) => one.no === no);
  if (closed?.how === how && isSamePrincipal(closed.by, actor)) return { events: [] };
  return {
    refused: "proposal_closed",
    detail: closed === undefined ? "it was closed long ago" : `it was ${closed.how}`,
  };
}

type Provenance = Pick<
  DefinitionEvent<"EarnRulePublished">,
  "proposal" | "requestedBy" | "approvedBy" | "singleHanded"
>;

/** Valid from the instant given; else a first version from the beginning, a later one from now. */
function published(
  programme: Programme,
  change: ProposedChange,
  { now }: Author,
  provenance: Provenance,
): DefinitionEvent {
  const version = versionsOf(programme, change).length + 1;
  const byDefault = version === 1 ? FROM_THE_BEGINNING : now;
  switch (change.kind) {
    case "zone": {
      const { zone } = change;
      const about = { programme: programme.id, zone, validFrom: now };
      return { type: "ProgrammeZoneChanged", ...about, ...provenance };
    }
    case "currency_settings": {
      const { currency, settings, validFrom = byDefault } = change;
      const about = { programme: programme.id, currency, version, validFrom, settings };
      return { type: "CurrencySettingsPublished", ...about, ...provenance };
    }
    case "earn_rule": {
      const { rule, definition, validFrom = byDefault } = change;
      const about = { programme: programme.id, rule, version, validFrom, definition };
      return { type: "EarnRulePublished", ...about, ...provenance };
    }
  }
}

function proposing(
  change: ProposedChange,
  proposed: Omit<DefinitionEvent<"ZoneChangeProposed">, "type" | "zone">,
): DefinitionEvent {
  switch (change.kind) {
    case "zone":
      return { type: "ZoneChangeProposed", ...proposed, zone: change.zone };
    case "currency_settings": {
      const { currency, settings } = change;
      return { type: "CurrencySettingsProposed", ...proposed, currency, settings, ...from(change) };
    }
    case "earn_rule": {
      const { rule, definition } = change;
      return { type: "EarnRuleProposed", ...proposed, rule, definition, ...from(change) };
    }
  }
}

function from({ validFrom }: { readonly validFrom: number | undefined }): { validFrom?: number } {
  return validFrom === undefined ? {} : { validFrom };
}

/** Whether the newest version is what is wanted, also from the instant that is wanted, if one is. */
function isNewest(versions: readonly Version<unknown>[], change: ProposedChange): boolean {
  const newest = versions.at(-1) as Version<unknown>;
  switch (change.kind) {
    case "zone":
      return newest.value === change.zone;
    case "currency_settings":
      return isFrom(newest, change.validFrom) && isEqual(newest.value, change.settings);
    case "earn_rule":
      return isFrom(newest, change.validFrom) && isEqual(newest.value, change.definition);
  }
}

function isFrom(newest: Version<unknown>, validFrom = newest.validFrom): boolean {
  return newest.validFrom === validFrom;
}

export function isEqual(a: unknown, b: unknown): boolean {
  return stable(a) === stable(b);
}

function stable(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === "bigint") return `${inner}n`;
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
