export { type ClientAnswer, clientRoutes, type KeyAnswer } from "./clients.ts";
