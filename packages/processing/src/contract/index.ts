export { type EventSourceHarness, eventSourceContract } from "./event-source-contract.ts";
export type { ReactionsHarness } from "./harness.ts";
export { reactionsContract } from "./reactions-contract.ts";
