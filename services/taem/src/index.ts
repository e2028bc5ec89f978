export { contexts, type Ports } from "./contexts.ts";
export { OperatorClients } from "./operator-clients.ts";
