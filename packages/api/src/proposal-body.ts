import type { Proposal, ProposedChange } from "@taem/domain";
import { fields } from "@taem/http";
import type { z } from "zod";
import type { proposalAnswer, proposedChange } from "./definitions.ts";

/** A proposal in wire form. */
export function proposalBody(proposal: Proposal): z.input<typeof proposalAnswer> {
  const { no, requestedBy, proposedAt } = proposal;
  return {
    proposal: String(no),
    requestedBy,
    requestedAt: fields.formatInstant(proposedAt),
    change: changeBody(proposal),
  };
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
