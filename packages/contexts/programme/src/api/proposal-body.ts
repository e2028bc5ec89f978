import { isDeepStrictEqual } from "node:util";
import { fields } from "@taem/http";
import type { Version } from "@taem/kernel";
import type { z } from "zod";
import { type Programme, type Proposal, type ProposedChange, versionsOf } from "../definitions.ts";
import type { difference, proposalAnswer, proposedChange } from "./definitions.ts";

/** A proposal in wire form, beside the version that stands in its programme. */
export function proposalBody(programme: Programme, proposal: Proposal): z.input<typeof proposalAnswer> {
  const { no, requestedBy, proposedAt, change, version } = proposal;
  const versions = versionsOf(programme, change);
  return {
    proposal: String(no),
    requestedBy,
    requestedAt: fields.formatInstant(proposedAt),
    change: changeBody(proposal),
    obsolete: versions.length + 1 !== version,
    differences: differencesOf(versions.at(-1), change),
  };
}

function differencesOf(
  existing: Version<unknown> | undefined,
  change: ProposedChange,
): z.input<typeof difference>[] {
  const before = fieldsOf(change.kind, existing?.value);
  const after = fieldsOf(change.kind, proposedValue(change));
  if ("validFrom" in change && change.validFrom !== undefined && change.validFrom !== existing?.validFrom) {
    before["validFrom"] = existing && fields.formatInstant(existing.validFrom);
    after["validFrom"] = fields.formatInstant(change.validFrom);
  }
  const differing = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (field) => !isDeepStrictEqual(before[field], after[field]),
  );
  return differing.map((field) => ({
    field,
    before: before[field] ?? null,
    after: after[field] ?? null,
  }));
}

function proposedValue(change: ProposedChange): unknown {
  switch (change.kind) {
    case "zone":
      return change.zone;
    case "currency_settings":
      return change.settings;
    case "earn_rule":
      return change.definition;
  }
}

/** A version of a definition, field by field, in wire form. */
function fieldsOf(kind: ProposedChange["kind"], value: unknown): Record<string, unknown> {
  return (kind === "zone" ? { zone: value } : wireForm(value ?? {})) as Record<string, unknown>;
}

function changeBody({ change, version }: Proposal): z.input<typeof proposedChange> {
  if (change.kind === "zone") return { ...change, version };
  const { validFrom, ...proposed } = change;
  const rest =
    proposed.kind === "currency_settings"
      ? { ...proposed, settings: settingsBody(proposed.settings) }
      : proposed;
  const from = validFrom === undefined ? {} : { validFrom: fields.formatInstant(validFrom) };
  return {
    ...(wireForm(rest) as Exclude<z.input<typeof proposedChange>, { kind: "zone" }>),
    version,
    ...from,
  };
}

type CurrencySettings = Extract<ProposedChange, { readonly kind: "currency_settings" }>["settings"];

/** Settings in wire form. A ceiling that is none is told: left out, one would seem to stay as it is. */
export function settingsBody(settings: CurrencySettings) {
  const { earnCeiling = null, adjustmentCeiling = null, ...others } = settings;
  return wireForm({ ...others, earnCeiling, adjustmentCeiling });
}

/** What an event says, with its amounts as the wire has them. */
export function wireForm(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, wireForm(inner)]));
}
