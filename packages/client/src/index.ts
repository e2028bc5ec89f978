export type { BulkAnswer } from "./bulk-request.ts";
export { type Client, type ClientOptions, createClient } from "./client.ts";
export { ClientError, isRefusal, type ProblemDetails } from "./client-error.ts";
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
