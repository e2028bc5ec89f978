export {
  accountQueries,
  type eventItem,
  type lotItem,
  type StatementKind,
  type statementItem,
} from "./account-queries.ts";
export { type approvalItem, approvals } from "./approvals.ts";
export { balanceBody } from "./balance.ts";
export { type ClientAnswer, clientRoutes, type KeyAnswer } from "./clients.ts";
export { bulk, memberOperations, members, ordinalOperations } from "./commands.ts";
export { DEFAULTS } from "./defaults.ts";
export { definitions } from "./definitions.ts";
export { endBody, endBodyOrNull } from "./ends.ts";
export {
  type debtorItem,
  type heldLotItem,
  type holdItem,
  type ListQuery,
  lists,
  type postingItem,
  type waivedItem,
} from "./lists.ts";
export { type OperationBody, type OperationName, ordinalId, permissionsOf } from "./operations.ts";
export { clockBody, programmeBody } from "./programme-body.ts";
export { proposalBody, settingsBody, wireForm } from "./proposal-body.ts";
export { registers } from "./registers.ts";
export { type RollForwardQuery, reports } from "./reports.ts";
export type {
  BulkLine,
  BusinessClock,
  CommandAnswer,
  CurrencyBody,
  MemberAnswer,
  ProgrammeAnswer,
  RouteAnswer,
  RouteName,
  RouteRequest,
  RuleBody,
} from "./routes.ts";
export { sources } from "./sources.ts";
export { type Place, parseToken, type Token, type TokenIssuer, Tokens } from "./token.ts";
export type { cutSchema, parkedSchema, ReportQuery, ViewQuery } from "./view.ts";
