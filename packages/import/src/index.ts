export { type CheckCommandOptions, checkCommand } from "./check-command.ts";
export { exitCodes, type Terminal } from "./command.ts";
export { type ImportCommandOptions, importCommand } from "./import-command.ts";
