export * from "./account-events.ts";
export * from "./canonical-json.ts";
export * from "./catalogue.ts";
export * from "./definition-events.ts";
export * from "./digest.ts";
export * from "./event-json.ts";
export type { Field, Fields, Infer, InferFields } from "./schema.ts";
export * from "./streams.ts";
export { UnknownEventVersion } from "./versions.ts";
