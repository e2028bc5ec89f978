import type { AnswerOf, ApiDescription, OwnProblem, RequestOf, ValueOf } from "@taem/http";
import type { CommandAnswer as LedgerAnswer, ledgerApi } from "@taem/ledger/api";
import type { memberApi } from "@taem/member/api";
import type { principalApi } from "@taem/principal/api";
import type { ProgrammeAnswer as DefinedProgramme, programmeApi } from "@taem/programme/api";
import type { z } from "zod";

/** The contexts that ship. Only types, here and below: a caller depends on no schema when it runs. */
export type Shipped = typeof memberApi & typeof ledgerApi & typeof programmeApi & typeof principalApi;

/** Every route of an API, by method and path. */
type Routes<A extends ApiDescription> = A["commands"] & A["queries"];

/** A route that takes a command a line. */
interface Bulk {
  readonly line: z.ZodType;
  readonly result: z.ZodType;
}

/** Those that answer one request with one body. */
export type RouteName<A extends ApiDescription = Shipped> = ValueOf<{
  [Name in keyof Routes<A>]: Routes<A>[Name] extends Bulk ? never : Name & string;
}>;

export type RouteRequest<R extends RouteName<A>, A extends ApiDescription = Shipped> = RequestOf<
  Routes<A>[R & keyof Routes<A>]
>;
export type RouteAnswer<R extends RouteName<A>, A extends ApiDescription = Shipped> = AnswerOf<
  Routes<A>[R & keyof Routes<A>]
>;

/** Codes that an API may refuse with. */
export type ProblemCode<A extends ApiDescription = Shipped> = (keyof A["problems"] & string) | OwnProblem;

type BulkOf<A extends ApiDescription> = Extract<ValueOf<Routes<A>>, Bulk>;
type Keyed<L> = L extends { readonly source?: infer S } ? L & { readonly source: NonNullable<S> } : L;

/** One line of a bulk request. Each can be repeated: it carries the key that makes a repetition change nothing. */
export type BulkLine<A extends ApiDescription = Shipped> = Keyed<z.input<BulkOf<A>["line"]>>;
/** What a line that succeeded is answered with. */
export type BulkResult<A extends ApiDescription = Shipped> = z.input<BulkOf<A>["result"]>;

export type CommandAnswer = LedgerAnswer;
export type ProgrammeAnswer = DefinedProgramme;

export type BusinessClock = RouteRequest<"PUT /v1/programmes/{programme}/clock">["body"];
export type CurrencyBody = RouteRequest<"PUT /v1/programmes/{programme}/currencies/{currency}">["body"];
export type RuleBody = RouteRequest<"PUT /v1/programmes/{programme}/rules/{rule}">["body"];
