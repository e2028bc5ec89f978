import { callerOf } from "@taem/host";
import { type AuthenticatedContext, fields, type Route, route } from "@taem/http";
import type { Version } from "@taem/kernel";
import type { Changed, Definition } from "../application/definition.ts";
import {
  defineCurrency,
  defineProgramme,
  publishRule,
  redefineProgramme,
  setClock,
  type WantedSettings,
} from "../application/definitions.ts";
import type { ProgrammeChanges } from "../application/programme-changes.ts";
import type { Programmes } from "../application/programmes.ts";
import { type Author, approveProposal, rejectProposal, withdrawProposal } from "../application/proposals.ts";
import { businessNow, type Programme } from "../definitions.ts";
import type { EarnRule } from "../events.ts";
import type { ProgrammeAnswer } from "./definitions.ts";
import { definitions } from "./definitions.ts";
import { historyBody, historyRoutes } from "./history-routes.ts";
import { clockBody, programmeBody } from "./programme-body.ts";
import { proposalBody } from "./proposal-body.ts";

const { formatInstant } = fields;

type Decide = (programme: Programme, author: Author) => Definition;

/** Changes a programme, on its business clock. */
class Changes {
  readonly #changes: ProgrammeChanges;
  readonly #now: () => number;

  constructor(changes: ProgrammeChanges, now: () => number) {
    this.#changes = changes;
    this.#now = now;
  }

  async of(programme: string, context: AuthenticatedContext, decide: Decide): Promise<Changed> {
    const caller = callerOf(context);
    const decideNow = (known: Programme) =>
      decide(known, { actor: caller.actor, now: businessNow(known, this.#now()) });
    return await this.#changes.change(programme, caller, decideNow);
  }

  /** Approved by a second principal. */
  async approved(programme: string, proposal: number, context: AuthenticatedContext) {
    const caller = callerOf(context);
    const approve = (known: Programme) =>
      approveProposal(known, proposal, { actor: caller.actor, now: businessNow(known, this.#now()) });
    const changed = await this.#changes.approveProposal(programme, proposal, caller, approve);
    return { status: 200, body: this.bodyOf(changed.programme) } as const;
  }

  /** Where nothing waits. */
  async done(programme: string, context: AuthenticatedContext, decide: Decide) {
    const changed = await this.of(programme, context, decide);
    return { status: 200, body: this.bodyOf(changed.programme) } as const;
  }

  /** Where the change may wait for a second principal. */
  async asked(programme: string, context: AuthenticatedContext, decide: Decide) {
    const { programme: changed, proposal } = await this.of(programme, context, decide);
    const waiting = proposal === undefined ? undefined : changed.proposals.open.get(proposal);
    if (waiting === undefined) return { status: 200, body: this.bodyOf(changed) } as const;
    return { status: 202, body: proposalBody(changed, waiting) } as const;
  }

  bodyOf(programme: Programme): ProgrammeAnswer {
    return definedBody(programme, businessNow(programme, this.#now()));
  }
}

export interface DefinitionRoutesOptions {
  readonly programmes: Programmes;
  readonly changes: ProgrammeChanges;
  /** The server's time. */
  readonly now: () => number;
}

export function definitionRoutes(options: DefinitionRoutesOptions): Route[] {
  const { programmes, now } = options;
  const changes = new Changes(options.changes, now);
  return [
    ...programmeRoutes(options, changes),
    ...currencyRuleAndSourceRoutes(options, changes),
    ...historyRoutes(programmes, now),
    ...proposalRoutes(changes),
    ...clockRoutes(changes, now),
  ];
}

function programmeRoutes(
  { programmes, changes: written, now }: DefinitionRoutesOptions,
  changes: Changes,
): Route[] {
  return [
    route({
      ...definitions.programme,
      handler: async ({ params, body }, context) => {
        // A key of one programme may change it, but not make it.
        if (context.principal.programmes !== null) await programmes.get(params.programme);
        const define = (id: string) => defineProgramme(id, params.programme, body, now());
        await written.define(params.programme, define, callerOf(context));
        return changes.asked(params.programme, context, (known, author) =>
          redefineProgramme(known, body, author),
        );
      },
    }),
    route({
      ...definitions.programmeNow,
      handler: async ({ params }) => {
        const known = await programmes.get(params.programme);
        const programme = await programmes.refresh(known);
        return { status: 200, body: changes.bodyOf(programme) };
      },
    }),
  ];
}

function currencyRuleAndSourceRoutes(
  { changes: written }: DefinitionRoutesOptions,
  changes: Changes,
): Route[] {
  return [
    route({
      ...definitions.currency,
      handler: ({ params, body }, context) => {
        const { scale, validFrom: from, ...rest } = body;
        const wanted = { scale, validFrom: from, settings: present(rest) as unknown as WantedSettings };
        return changes.asked(params.programme, context, (known, author) =>
          defineCurrency(known, params.currency, wanted, author),
        );
      },
    }),
    route({
      ...definitions.rule,
      handler: ({ params, body }, context) => {
        const { validFrom: from, ...rest } = body;
        const wanted = { validFrom: from, definition: present(rest) as unknown as EarnRule };
        return changes.asked(params.programme, context, (known, author) =>
          publishRule(known, params.rule, wanted, author),
        );
      },
    }),
    route({
      ...definitions.source,
      handler: async ({ params, body }, context) => {
        const declared = await written.declareSource(
          params.programme,
          params.system,
          body,
          callerOf(context),
        );
        return { status: 200, body: changes.bodyOf(declared) };
      },
    }),
  ];
}

function proposalRoutes(changes: Changes): Route[] {
  const on = (
    declaration: (typeof definitions)["rejectProposal" | "withdrawProposal"],
    decide: (programme: Programme, no: number, author: Author) => Definition,
  ): Route =>
    route({
      ...declaration,
      handler: ({ params }, context) =>
        changes.done(params.programme, context, (known, author) => decide(known, params.id, author)),
    });
  return [
    route({
      ...definitions.approveProposal,
      handler: ({ params: { programme, id } }, context) => changes.approved(programme, id, context),
    }),
    on(definitions.rejectProposal, rejectProposal),
    on(definitions.withdrawProposal, withdrawProposal),
  ];
}

function clockRoutes(changes: Changes, now: () => number): Route[] {
  return [
    route({
      ...definitions.clock,
      handler: ({ params, body }, context) =>
        changes.done(params.programme, context, (known) => setClock(known, body, now())),
    }),
  ];
}

/** Events leave absent fields out. */
function present<T extends object>(body: T): Partial<T> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function newestOf(versions: readonly Version<unknown>[]) {
  const { version, validFrom } = versions.at(-1) as Version<unknown>;
  return { version, validFrom: formatInstant(validFrom) };
}

/** `at`: on the programme's business clock. */
function definedBody(programme: Programme, at: number): ProgrammeAnswer {
  const { zones, firstClock, firstSingleHanded, currencies, rules, sources } = programme;
  return {
    ...programmeBody(programme),
    zones: historyBody(zones, at) as ProgrammeAnswer["zones"],
    began: { singleHanded: firstSingleHanded, clock: clockBody(firstClock) },
    currencies: [...currencies.values()].map(({ code: currency, scale, settings: versions }) => ({
      currency,
      scale,
      ...newestOf(versions),
    })),
    rules: [...rules].map(([rule, versions]) => ({ rule, ...newestOf(versions) })),
    sources: [...sources].map(([system, { scope, isRetired }]) => ({
      system,
      keys: scope,
      retired: isRetired,
    })),
    proposals: [...programme.proposals.open.values()].map((one) => proposalBody(programme, one)),
    decided: programme.proposals.closed.map(({ no, how, by }) => ({ proposal: String(no), how, by })),
  };
}
