export type { Clawback, CommandAnswer, Effect, EnrolAnswer, ProgrammeAnswer } from "./answers.ts";
export { type Client, type ClientOptions, createClient } from "./client.ts";
export { ClientError, type FieldProblem, type ProblemDetails } from "./client-error.ts";
export type { BulkAnswer } from "./exchange.ts";
export type { Amount, BulkLine, BusinessClock, CurrencyBody, Instant, RuleBody, Source } from "./requests.ts";
export type { RouteAnswer, RouteName, RouteRequest, Routes } from "./routes.ts";
