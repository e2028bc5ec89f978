import { describeApi } from "@taem/http";
import { permissions } from "../permissions.ts";
import { problems } from "../problems.ts";
import { clientRoutes } from "./clients.ts";
import { peopleRoutes } from "./people.ts";

export type { PrincipalProblem } from "../problems.ts";
export { type ClientAnswer, clientRoutes, type KeyAnswer } from "./clients.ts";
export { type PersonAnswer, peopleRoutes } from "./people.ts";

const { list: clients, ...ofClients } = clientRoutes;
const { list: people, ...ofPeople } = peopleRoutes;

export const principalApi = describeApi({
  commands: { ...ofClients, ...ofPeople },
  queries: { clients, people },
  problems,
  permissions,
});
