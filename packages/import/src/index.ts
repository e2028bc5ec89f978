export { exitCodes, type ImportCommandOptions, importCommand, type Terminal } from "./import-command.ts";
