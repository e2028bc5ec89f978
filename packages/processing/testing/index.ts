export { type Given, given, happened } from "./given.ts";
