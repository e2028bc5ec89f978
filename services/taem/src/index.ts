export { catalogue } from "./catalogue.ts";
export { contexts, type Ports } from "./contexts.ts";
export { OperatorClients } from "./operator-clients.ts";
