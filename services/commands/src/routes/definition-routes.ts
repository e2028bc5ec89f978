import { clockBody, definitions, type ProgrammeAnswer, programmeBody, proposalBody } from "@taem/api";
import { type AuthenticatedContext, actorOf, fields, type Route, route } from "@taem/http";
import type { Version } from "@taem/kernel";
import { businessNow, type Programme } from "@taem/programme/definitions";
import type { EarnRule } from "@taem/programme/events";
import { asProblem, type CommandService } from "../command-service.ts";
import {
  defineCurrency,
  defineProgramme,
  publishRule,
  redefineProgramme,
  setClock,
  type WantedSettings,
} from "../definitions.ts";
import type { Caller } from "../platform.ts";
import type { Changed, Definition } from "../programmes.ts";
import { type Author, approveProposal, rejectProposal, withdrawProposal } from "../proposals.ts";
import { historyBody, historyRoutes } from "./history-routes.ts";

const { formatInstant } = fields;

type Decide = (programme: Programme, author: Author) => Definition;

/** Changes a programme, on its business clock. */
class Changes {
  readonly #service: CommandService;
  readonly #now: () => number;

  constructor(service: CommandService, now: () => number) {
    this.#service = service;
    this.#now = now;
  }

  async of(programme: string, context: AuthenticatedContext, decide: Decide): Promise<Changed> {
    const caller = callerOf(context);
    const decideNow = (known: Programme) =>
      decide(known, { actor: caller.actor, now: businessNow(known, this.#now()) });
    return await this.#service.programmes.change(programme, caller, decideNow).catch(rethrow);
  }

  /** Approved by a second principal. */
  async approved(programme: string, proposal: number, context: AuthenticatedContext) {
    const caller = callerOf(context);
    const approve = (known: Programme) =>
      approveProposal(known, proposal, { actor: caller.actor, now: businessNow(known, this.#now()) });
    const changed = await this.#service.approveProposal(programme, proposal, caller, approve).catch(rethrow);
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

export function definitionRoutes(service: CommandService, now: () => number): Route[] {
  const changes = new Changes(service, now);
  return [
    ...programmeRoutes(service, changes, now),
    ...currencyRuleAndSourceRoutes(service, changes),
    ...historyRoutes(service, now),
    ...proposalRoutes(changes),
    ...clockRoutes(changes, now),
  ];
}

function programmeRoutes({ programmes }: CommandService, changes: Changes, now: () => number): Route[] {
  return [
    route({
      ...definitions.programme,
      handler: async ({ params, body }, context) => {
        // A key of one programme may change it, but not make it.
        if (context.principal.programme !== null) await programmes.get(params.programme).catch(rethrow);
        const define = (id: string) => defineProgramme(id, params.programme, body, now());
        await programmes.define(params.programme, define, callerOf(context)).catch(rethrow);
        return changes.asked(params.programme, context, (known, author) =>
          redefineProgramme(known, body, author),
        );
      },
    }),
    route({
      ...definitions.programmeNow,
      handler: async ({ params }) => {
        const known = await programmes.get(params.programme).catch(rethrow);
        const programme = await programmes.refresh(known).catch(rethrow);
        return { status: 200, body: changes.bodyOf(programme) };
      },
    }),
  ];
}

function currencyRuleAndSourceRoutes(service: CommandService, changes: Changes): Route[] {
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
        const declared = await service
          .declareSource(params.programme, params.system, body, callerOf(context))
          .catch(rethrow);
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

export function callerOf({ principal, correlationId, deadline, traceparent }: AuthenticatedContext): Caller {
  return { actor: actorOf(principal), correlation: correlationId, deadline, traceparent };
}

export function rethrow(error: unknown): never {
  throw asProblem(error);
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
