import { definitions, type ProgrammeAnswer } from "@taem/api";
import type { CurrencySettings, EarnRule } from "@taem/contracts";
import { businessNow, type Programme, type Version } from "@taem/domain";
import { type AuthenticatedContext, actorOf, fields, type Route, route } from "@taem/http";
import { asProblem, type CommandService } from "../command-service.ts";
import { defineCurrency, defineProgramme, publishRule, redefineProgramme, setClock } from "../definitions.ts";
import type { Caller } from "../platform.ts";
import type { Definition } from "../programmes.ts";

const { formatInstant } = fields;

type Change = (
  programme: string,
  context: AuthenticatedContext,
  decide: (programme: Programme) => Definition,
) => Promise<{ readonly status: 200; readonly body: ProgrammeAnswer }>;

export function definitionRoutes(service: CommandService, now: () => number): Route[] {
  const change: Change = async (programme, context, decide) => {
    try {
      const changed = await service.programmes.change(programme, callerOf(context), decide);
      return { status: 200, body: programmeBody(changed) };
    } catch (error) {
      throw asProblem(error);
    }
  };
  return [
    ...programmeRoutes(service, change, now),
    ...currencyRuleAndSourceRoutes(service, change, now),
    ...clockRoutes(change, now),
  ];
}

function programmeRoutes({ programmes }: CommandService, change: Change, now: () => number): Route[] {
  return [
    route({
      ...definitions.programme,
      handler: async ({ params, body }, context) => {
        // A key of one programme may change it, but not make it.
        if (context.principal.programme !== null) await programmes.get(params.programme).catch(rethrow);
        const define = (id: string) => defineProgramme(id, params.programme, body, now());
        await programmes.define(params.programme, define, callerOf(context)).catch(rethrow);
        return change(params.programme, context, (known) =>
          redefineProgramme(known, body, businessNow(known, now())),
        );
      },
    }),
    route({
      ...definitions.programmeNow,
      handler: async ({ params }) => {
        const known = await programmes.get(params.programme).catch(rethrow);
        const programme = await programmes.refresh(known).catch(rethrow);
        return { status: 200, body: programmeBody(programme) };
      },
    }),
  ];
}

function currencyRuleAndSourceRoutes(service: CommandService, change: Change, now: () => number): Route[] {
  return [
    route({
      ...definitions.currency,
      handler: ({ params, body }, context) => {
        const { scale, validFrom: from, ...rest } = body;
        const wanted = { scale, validFrom: from, settings: present(rest) as unknown as CurrencySettings };
        return change(params.programme, context, (known) =>
          defineCurrency(known, params.currency, wanted, businessNow(known, now())),
        );
      },
    }),
    route({
      ...definitions.rule,
      handler: ({ params, body }, context) => {
        const { validFrom: from, ...rest } = body;
        const wanted = { validFrom: from, definition: present(rest) as unknown as EarnRule };
        return change(params.programme, context, (known) =>
          publishRule(known, params.rule, wanted, businessNow(known, now())),
        );
      },
    }),
    route({
      ...definitions.source,
      handler: async ({ params, body }, context) => {
        const declared = await service
          .declareSource(params.programme, params.system, body, callerOf(context))
          .catch(rethrow);
        return { status: 200, body: programmeBody(declared) };
      },
    }),
  ];
}

function clockRoutes(change: Change, now: () => number): Route[] {
  return [
    route({
      ...definitions.clock,
      handler: ({ params, body }, context) =>
        change(params.programme, context, (known) => setClock(known, body, now())),
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

function programmeBody(programme: Programme): ProgrammeAnswer {
  const { code, id, name: called, zones, clock: runs, currencies, rules, sources } = programme;
  return {
    programme: code,
    id,
    name: called,
    zone: zones.at(-1)?.value as string,
    clock: runs.mode === "live" ? { mode: "live" } : { mode: "replay", at: formatInstant(runs.at) },
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
  };
}
