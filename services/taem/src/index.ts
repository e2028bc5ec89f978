export { catalogue } from "./catalogue.ts";
export { type Config, readConfig } from "./config.ts";
export { INSTALLATION_STREAM } from "./installation-events.ts";
export { type LogName, nameLog, readLogName } from "./log-name.ts";
export { OperatorClients } from "./operator-clients.ts";
export { openPlatform, type Platform } from "./platform.ts";
export { type Program, startProgram } from "./program.ts";
