import type { CurrencySettings, EarnRule } from "@taem/contracts";
import { businessNow, isZone, type Programme } from "@taem/domain";
import { type AuthenticatedContext, fields, type Route, route } from "@taem/http";
import { z } from "zod";
import { asProblem, type CommandService } from "../command-service.ts";
import {
  declareSource,
  defineCurrency,
  defineProgramme,
  publishRule,
  redefineProgramme,
  setClock,
} from "../definitions.ts";
import type { Caller } from "../platform.ts";
import type { Definition } from "../programmes.ts";

const { amount, amountOrZero, currencyCode, formatInstant, instant, programmeCode, ruleName, systemName } =
  fields;

const clock = z
  .discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("live") }),
    z.strictObject({ mode: z.literal("replay"), at: instant }),
  ])
  .meta({
    id: "BusinessClock",
    description: "`live` follows the server's time; `replay` stands where it is set.",
  });

const firstClock = clock.optional().meta({
  description:
    "Where the clock of a new programme begins, `live` unless told. A programme that is there keeps its clock: leave it out, repeat what was first given, or name the clock it has; any other is refused (`clock_differs`), PUT /clock moves it.",
});

const term = z
  .strictObject({ count: z.int().min(1).max(36_500), unit: z.enum(["days", "months", "years"]) })
  .meta({ id: "Term" });

const expiry = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("term"), term }),
    z.strictObject({ kind: z.literal("end_of_month"), count: z.int().min(0).max(1200) }),
    z.strictObject({ kind: z.literal("end_of_year"), count: z.int().min(0).max(100) }),
    z.strictObject({ kind: z.literal("never") }),
  ])
  .meta({
    id: "ExpiryPolicy",
    description:
      "`term`: the last valid day is the earn day plus the term; `end_of_month` / `end_of_year`: the end of the month or year `count` after the one of the earn; `never`.",
  });

const WEEK = 7 * 24 * 3600;
const seconds = z.int().min(1).max(31_536_000);

const settings = {
  expiry,
  inactivity: term
    .optional()
    .meta({ description: "Everything dies this long after the last earn, burn or capture." }),
  clawback: z.enum(["only_pending", "within_balance", "unlimited"]).default("within_balance"),
  returnGraceDays: z.int().min(0).max(3650).default(0),
  holdTimeoutSeconds: seconds.default(WEEK),
  maxHoldTimeoutSeconds: seconds.default(WEEK),
  transferExpiry: z.enum(["kept", "replaced"]).default("kept"),
  maxBalance: amount.optional(),
  adjustmentLimit: amountOrZero.prefault("0"),
};

const validFrom = instant.optional().meta({
  description: "When the version begins to hold; a first version from the beginning, a later one from now.",
});

const earnRule = {
  currency: currencyCode,
  money: currencyCode.meta({ description: "Currency of the spend." }),
  per: amount.meta({ description: "`points` for every `per` minor units of money." }),
  points: amount,
  minimumSpend: amountOrZero.prefault("0"),
  maxPerOrder: amount.optional(),
  maxPerDay: amount.optional(),
  rounding: z.enum(["down", "half_up", "half_even", "up"]).default("down"),
  pendingSeconds: z.int().min(0).max(31_536_000).default(0),
};

const name = z.string().min(1).max(200).meta({ description: "Shown to people." });
const zone = z
  .string()
  .max(64)
  .refine(isZone, {
    message: "must be a time zone of the IANA database",
    params: { problem: "malformed_value" },
  })
  .meta({ description: "IANA time zone.", examples: ["Asia/Bangkok"] });

const programmeAnswer = z.strictObject({
  programme: z.string(),
  id: z.string(),
  name: z.string(),
  zone: z.string(),
  clock: z.strictObject({ mode: z.enum(["live", "replay"]), at: instant.optional() }),
  currencies: z.array(z.strictObject({ currency: z.string(), scale: z.int(), version: z.int() })),
  rules: z.array(z.strictObject({ rule: z.string(), version: z.int() })),
  sources: z.array(z.strictObject({ system: z.string(), keys: z.enum(["account", "programme"]) })),
});

const answers = { 200: { description: "The programme as it is now.", schema: programmeAnswer } };
const tag = "definitions";
const writing = ["value_not_allowed", "outcome_unknown", "conflict_retry_exhausted", "overloaded"] as const;
const PATH = "/v1/programmes/{programme}";

type Change = (
  programme: string,
  context: AuthenticatedContext,
  decide: (programme: Programme) => Definition,
) => Promise<{ readonly status: 200; readonly body: z.input<typeof programmeAnswer> }>;

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
    ...currencyAndRuleRoutes(change, now),
    ...clockRoutes(change, now),
  ];
}

function programmeRoutes({ programmes }: CommandService, change: Change, now: () => number): Route[] {
  return [
    route({
      method: "PUT",
      path: PATH,
      scope: "admin",
      tag,
      summary: "Define a programme, or change its time zone",
      description:
        "A new programme needs a key of the whole installation. Currencies and rules follow. Putting the same again " +
        "changes nothing, also when the clock has moved on since.",
      params: { programme: programmeCode },
      body: z.strictObject({ name, zone, clock: firstClock }),
      responses: answers,
      problems: ["programme_exists", "clock_differs", ...writing],
      handler: async ({ params, body }, context) => {
        // A key of one programme may change it, but not make it.
        if (context.principal.programme !== null) await programmes.get(params.programme).catch(rethrow);
        const define = (id: string) => defineProgramme(id, params.programme, body);
        await programmes.define(params.programme, define, callerOf(context)).catch(rethrow);
        return change(params.programme, context, (known) =>
          redefineProgramme(known, body, businessNow(known, now())),
        );
      },
    }),
    route({
      method: "GET",
      path: PATH,
      scope: ["read", "admin", "finance", "earn", "burn"],
      tag,
      summary: "A programme and its definitions",
      params: { programme: programmeCode },
      responses: answers,
      handler: async ({ params }) => {
        const known = await programmes.get(params.programme).catch(rethrow);
        const programme = await programmes.refresh(known).catch(rethrow);
        return { status: 200, body: programmeBody(programme) };
      },
    }),
  ];
}

function currencyAndRuleRoutes(change: Change, now: () => number): Route[] {
  return [
    route({
      method: "PUT",
      path: `${PATH}/currencies/{currency}`,
      scope: "admin",
      tag,
      summary: "Define a points currency, or publish new settings for it",
      params: { programme: programmeCode, currency: currencyCode },
      body: z.strictObject({ scale: z.int().min(0).max(6).default(0), validFrom, ...settings }),
      responses: answers,
      problems: writing,
      handler: ({ params, body }, context) => {
        const { scale, validFrom: from, ...rest } = body;
        const wanted = { scale, validFrom: from, settings: present(rest) as unknown as CurrencySettings };
        return change(params.programme, context, (known) =>
          defineCurrency(known, params.currency, wanted, businessNow(known, now())),
        );
      },
    }),
    route({
      method: "PUT",
      path: `${PATH}/rules/{rule}`,
      scope: "admin",
      tag,
      summary: "Publish an earn rule, or a new version of it",
      params: { programme: programmeCode, rule: ruleName },
      body: z.strictObject({ validFrom, ...earnRule }),
      responses: answers,
      problems: ["currency_unknown", ...writing],
      handler: ({ params, body }, context) => {
        const { validFrom: from, ...rest } = body;
        const wanted = { validFrom: from, definition: present(rest) as unknown as EarnRule };
        return change(params.programme, context, (known) =>
          publishRule(known, params.rule, wanted, businessNow(known, now())),
        );
      },
    }),
    route({
      method: "PUT",
      path: `${PATH}/sources/{system}`,
      scope: "admin",
      tag,
      summary: "Declare how far the keys of a source system reach",
      description:
        "`account` (what undeclared systems have) or `programme`: one effect whoever the member is.",
      params: { programme: programmeCode, system: systemName },
      body: z.strictObject({ keys: z.enum(["account", "programme"]) }),
      responses: answers,
      problems: writing,
      handler: ({ params, body }, context) =>
        change(params.programme, context, (known) => declareSource(known, params.system, body.keys)),
    }),
  ];
}

function clockRoutes(change: Change, now: () => number): Route[] {
  return [
    route({
      method: "PUT",
      path: `${PATH}/clock`,
      scope: "admin",
      tag,
      summary: "Move a replay clock on, or go live",
      params: { programme: programmeCode },
      body: clock,
      responses: answers,
      problems: ["clock_live", "clock_backwards", ...writing],
      handler: ({ params, body }, context) =>
        change(params.programme, context, (known) => setClock(known, body, now())),
    }),
  ];
}

export function callerOf({ principal, correlationId, deadline }: AuthenticatedContext): Caller {
  return { actor: `${principal.name} (${principal.keyId})`, correlation: correlationId, deadline };
}

function rethrow(error: unknown): never {
  throw asProblem(error);
}

/** Events leave absent fields out. */
function present<T extends object>(body: T): Partial<T> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function programmeBody(programme: Programme): z.input<typeof programmeAnswer> {
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
      version: versions.length,
    })),
    rules: [...rules].map(([rule, versions]) => ({ rule, version: versions.length })),
    sources: [...sources].map(([system, keys]) => ({ system, keys })),
  };
}
