export { Programmes } from "./application/programmes.ts";
export { programme } from "./context.ts";
