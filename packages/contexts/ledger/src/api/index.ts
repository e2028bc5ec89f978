export { accountQueries, type eventItem, type lotItem, type statementItem } from "./account-queries.ts";
export { type approvalItem, approvals } from "./approvals.ts";
export type { CommandAnswer } from "./command-answer.ts";
export { bulk, memberOperations, ordinalOperations } from "./commands.ts";
export {
  type debtorItem,
  type heldLotItem,
  type holdItem,
  lists,
  type postingItem,
  type waivedItem,
} from "./lists.ts";
export { ordinalId, permissionsOf } from "./operation-bodies.ts";
export { registers } from "./registers.ts";
export { reports } from "./reports.ts";
export { sources } from "./sources.ts";
