export { type EventSourceHarness, eventSourceContract } from "./event-source-contract.ts";
