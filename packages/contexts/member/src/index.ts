export { member } from "./context.ts";
