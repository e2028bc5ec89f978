export { type Client, type ClientOptions, createClient } from "./client.ts";
export { ClientError, isRefusal, type ProblemDetails } from "./client-error.ts";
export type { BulkAnswer } from "./exchange.ts";
export type {
  BulkLine,
  BusinessClock,
  CommandAnswer,
  CurrencyBody,
  ProgrammeAnswer,
  RouteAnswer,
  RouteName,
  RouteRequest,
  RuleBody,
} from "./routes.ts";
