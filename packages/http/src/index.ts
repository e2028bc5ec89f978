export { type ApiDescription, describeApi, routeName } from "./api.ts";
export { ApiError, type ApiErrorOptions, type FieldProblem, type ProblemDocument } from "./api-error.ts";
export { type ApiKeys, actorOf, type Principal, type Wanted } from "./api-keys.ts";
export { requirePermission } from "./authentication.ts";
export { cutSchema } from "./cut.ts";
export type { AnswerOf, Described, RequestOf, ValueOf } from "./described.ts";
export type { MemberRef } from "./fields.ts";
export * as fields from "./fields.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export { isNetwork, networksOf } from "./networks.ts";
export { type DocumentInfo, openApiDocument } from "./openapi.ts";
export { cursor, type Page, pageFrom, pageOf } from "./page.ts";
export { type Permission, type Permissions, PermissionTable } from "./permissions.ts";
export {
  final,
  later,
  type OwnProblem,
  type Problem,
  type Problems,
  ProblemTable,
  transient,
} from "./problems.ts";
export {
  type Answer,
  type AuthenticatedContext,
  bulkRoute,
  type LineAnswer,
  publicRoute,
  type RequestContext,
  type Route,
  route,
} from "./route.ts";
export {
  createMonitor,
  createServer,
  type MonitorOptions,
  type Server,
  type ServerOptions,
} from "./server.ts";
export { type Place, parseToken, type Token, type TokenIssuer, Tokens, token } from "./token.ts";
export { fieldFault } from "./validation.ts";
