export { asProblem, type Caller, callerOf, claimantOf, metaOf, rethrow } from "./caller.ts";
export { type HandlerConfig, type HandlerPlatform, openCommandHandler } from "./command-handler.ts";
export { type ReadTools, uniqueStreamOf, type WriteTools } from "./tools.ts";
