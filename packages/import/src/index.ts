export { exitCodes, type ImportCommandOptions, importCommand, type Terminal } from "./import-command.ts";
export { rejectReasons } from "./reject-reasons.ts";
