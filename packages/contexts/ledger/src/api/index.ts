import { describeApi } from "@taem/http";
import { permissions } from "../permissions.ts";
import { problems } from "../problems.ts";
import { accountQueries } from "./account-queries.ts";
import { approvals } from "./approvals.ts";
import { bulk, memberOperations, ordinalOperations } from "./commands.ts";
import { lists } from "./lists.ts";
import { reports } from "./reports.ts";
import { sources } from "./sources.ts";

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
export { reports } from "./reports.ts";
export { sources } from "./sources.ts";

export const ledgerApi = describeApi({
  commands: { ...memberOperations, ...ordinalOperations, bulk },
  queries: { ...accountQueries, ...reports, ...lists, ...approvals, ...sources },
  problems,
  permissions,
});
