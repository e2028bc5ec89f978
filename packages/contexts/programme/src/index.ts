export { programme } from "./context.ts";
