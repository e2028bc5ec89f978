import type { z } from "zod";
import type { accountQueries } from "./account-queries.ts";
import type { approvals } from "./approvals.ts";
import type { clientRoutes } from "./clients.ts";
import type { commandAnswer } from "./command-answer.ts";
import type { bulk, memberAnswer, memberOperations, members, ordinalOperations } from "./commands.ts";
import type { definitions } from "./definitions.ts";
import type { lists } from "./lists.ts";
import type { registers } from "./registers.ts";
import type { reports } from "./reports.ts";
import type { sources } from "./sources.ts";

/**
 * What the API takes and answers, as JSON has it: amounts are decimal strings of whole minor units, instants RFC 3339.
 * Only types, so that a caller depends on no schema when it runs.
 */

type ValueOf<T> = T[keyof T];
type Described =
  | ValueOf<typeof definitions>
  | ValueOf<typeof clientRoutes>
  | ValueOf<typeof members>
  | ValueOf<typeof memberOperations>
  | ValueOf<typeof ordinalOperations>
  | ValueOf<typeof accountQueries>
  | ValueOf<typeof approvals>
  | ValueOf<typeof sources>
  | ValueOf<typeof registers>
  | ValueOf<typeof lists>
  | ValueOf<typeof reports>;

/** The routes that answer one request with one body, by method and path. */
type Routes = { readonly [D in Described as `${D["method"]} ${D["path"]}`]: D };

export type RouteName = keyof Routes;

export type RouteRequest<R extends RouteName> = {
  readonly params: Routes[R] extends { readonly params: infer P }
    ? { readonly [Name in keyof P]: string }
    : Readonly<Record<never, never>>;
} & (Routes[R] extends { readonly body: infer B extends z.ZodType }
  ? { readonly body: z.input<B> }
  : unknown) &
  (Routes[R] extends { readonly query: infer Q extends z.ZodRawShape }
    ? { readonly query?: z.input<z.ZodObject<Q>> }
    : unknown);

export type RouteAnswer<R extends RouteName> =
  ValueOf<Routes[R]["responses"]> extends { readonly schema: infer S extends z.ZodType } ? z.input<S> : never;

export type CommandAnswer = z.input<typeof commandAnswer>;
export type MemberAnswer = z.input<typeof memberAnswer>;
export type ProgrammeAnswer = RouteAnswer<"GET /v1/programmes/{programme}">;

export type BusinessClock = RouteRequest<"PUT /v1/programmes/{programme}/clock">["body"];
export type CurrencyBody = RouteRequest<"PUT /v1/programmes/{programme}/currencies/{currency}">["body"];
export type RuleBody = RouteRequest<"PUT /v1/programmes/{programme}/rules/{rule}">["body"];

type Keyed<L> = L extends { readonly source?: infer S } ? L & { readonly source: NonNullable<S> } : L;

/** One line of a bulk request. Each can be repeated: it carries the key that makes a repetition change nothing. */
export type BulkLine = Keyed<z.input<typeof bulk.line>>;
