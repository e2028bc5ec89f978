export { catalogue } from "./catalogue.ts";
export { contexts } from "./contexts.ts";
export { OperatorClients } from "./operator-clients.ts";
