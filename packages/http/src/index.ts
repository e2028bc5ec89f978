export { ApiError, type ApiErrorOptions, type FieldProblem, type ProblemDocument } from "./api-error.ts";
export { apiKeyMigrations, apiKeyTable, type KeyDatabase } from "./api-key-table.ts";
export {
  type ApiKey,
  type ApiKeyStore,
  type ApiKeys,
  CachedApiKeys,
  createApiKey,
  type Principal,
  SCOPES,
  type Scope,
} from "./api-keys.ts";
export { requireScope } from "./authentication.ts";
export type { MemberRef } from "./fields.ts";
export * as fields from "./fields.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export { type DocumentInfo, openApiDocument } from "./openapi.ts";
export { cursor, type Page, pageFrom, pageOf } from "./page.ts";
export { type Problem, type ProblemCode, problemCodes, problems, problemTitle } from "./problems.ts";
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
export { createServer, type Server, type ServerOptions } from "./server.ts";
export { fieldFault } from "./validation.ts";
