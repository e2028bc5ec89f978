import type { AnswerOf, RequestOf, ValueOf } from "@taem/http";
import type * as ledger from "@taem/ledger/api";
import type * as member from "@taem/member/api";
import type * as principal from "@taem/principal/api";
import type * as programme from "@taem/programme/api";
import type { z } from "zod";

/** Every route that is described, of all contexts. Only types: a caller depends on no schema when it runs. */
type Described =
  | ValueOf<typeof programme.definitions>
  | ValueOf<typeof principal.clientRoutes>
  | ValueOf<typeof member.members>
  | ValueOf<typeof ledger.memberOperations>
  | ValueOf<typeof ledger.ordinalOperations>
  | ValueOf<typeof ledger.accountQueries>
  | ValueOf<typeof ledger.approvals>
  | ValueOf<typeof ledger.sources>
  | ValueOf<typeof ledger.registers>
  | ValueOf<typeof ledger.lists>
  | ValueOf<typeof ledger.reports>;

/** The routes that answer one request with one body, by method and path. */
type Routes = { readonly [D in Described as `${D["method"]} ${D["path"]}`]: D };

export type RouteName = keyof Routes;

export type RouteRequest<R extends RouteName> = RequestOf<Routes[R]>;
export type RouteAnswer<R extends RouteName> = AnswerOf<Routes[R]>;

export type CommandAnswer = ledger.CommandAnswer;
export type MemberAnswer = member.MemberAnswer;
export type ProgrammeAnswer = programme.ProgrammeAnswer;

export type BusinessClock = RouteRequest<"PUT /v1/programmes/{programme}/clock">["body"];
export type CurrencyBody = RouteRequest<"PUT /v1/programmes/{programme}/currencies/{currency}">["body"];
export type RuleBody = RouteRequest<"PUT /v1/programmes/{programme}/rules/{rule}">["body"];

type Keyed<L> = L extends { readonly source?: infer S } ? L & { readonly source: NonNullable<S> } : L;

/** One line of a bulk request. Each can be repeated: it carries the key that makes a repetition change nothing. */
export type BulkLine = Keyed<z.input<typeof ledger.bulk.line>>;
