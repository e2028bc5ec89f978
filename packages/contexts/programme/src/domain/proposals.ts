import type { Instant } from "@taem/kernel";
import type { CurrencySettings, DefinitionEvent, EarnRule } from "../events.ts";

/** Changes of definitions that wait for a second principal. */

export type ProposedChange =
  | { readonly kind: "zone"; readonly zone: string }
  | {
      readonly kind: "currency_settings";
      readonly currency: string;
      /** Undefined = from its approval on. */
      readonly validFrom: Instant | undefined;
      readonly settings: CurrencySettings;
    }
  | {
      readonly kind: "earn_rule";
      readonly rule: string;
      readonly validFrom: Instant | undefined;
      readonly definition: EarnRule;
    };

export interface Proposal {
  readonly no: number;
  readonly requestedBy: string;
  /** On the programme's business clock. */
  readonly proposedAt: Instant;
  /** That the change is to be of its definition. */
  readonly version: number;
  readonly change: ProposedChange;
}

export interface ClosedProposal {
  readonly no: number;
  readonly how: "approved" | "rejected" | "withdrawn";
  /** The actor who closed it. */
  readonly by: string;
}

/** The proposals of a programme. Immutable. */
export interface Proposals {
  readonly open: ReadonlyMap<number, Proposal>;
  /** Those closed last, oldest first. */
  readonly closed: readonly ClosedProposal[];
  readonly next: number;
}

export const NO_PROPOSALS: Proposals = { open: new Map(), closed: [], next: 1 };

/** So many closed proposals are remembered, to answer whoever decides on one again. */
const REMEMBERED = 100;

type Proposing = DefinitionEvent<"ZoneChangeProposed" | "CurrencySettingsProposed" | "EarnRuleProposed">;

export function withProposal(proposals: Proposals, event: Proposing): Proposals {
  const { proposal: no, requestedBy, proposedAt, version } = event;
  const proposal = { no, requestedBy, proposedAt, version, change: changeIn(event) };
  return { ...proposals, open: new Map(proposals.open).set(no, proposal), next: no + 1 };
}

function changeIn(event: Proposing): ProposedChange {
  switch (event.type) {
    case "ZoneChangeProposed":
      return { kind: "zone", zone: event.zone };
    case "CurrencySettingsProposed": {
      const { currency, validFrom, settings } = event;
      return { kind: "currency_settings", currency, validFrom, settings };
    }
    case "EarnRuleProposed": {
      const { rule, validFrom, definition } = event;
      return { kind: "earn_rule", rule, validFrom, definition };
    }
  }
}

export function withoutProposal(proposals: Proposals, closed: ClosedProposal): Proposals {
  const open = new Map(proposals.open);
  open.delete(closed.no);
  return { ...proposals, open, closed: [...proposals.closed, closed].slice(-REMEMBERED) };
}
