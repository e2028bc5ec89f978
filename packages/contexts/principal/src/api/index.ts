import { describeApi } from "@taem/http";
import { permissions } from "../permissions.ts";
import { problems } from "../problems.ts";
import { clientRoutes } from "./clients.ts";

export type { PrincipalProblem } from "../problems.ts";
export { type ClientAnswer, clientRoutes, type KeyAnswer } from "./clients.ts";

export const principalApi = describeApi({ commands: clientRoutes, problems, permissions });
