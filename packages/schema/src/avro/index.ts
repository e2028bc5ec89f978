export { canonicalForm, fingerprint } from "./canonical-form.ts";
export { decodeEnvelope, type Envelope, type EnvelopeEvent, encodeEnvelope } from "./envelope.ts";
export { eventSchema } from "./event-schema.ts";
export { PayloadCodec } from "./payload.ts";
export { driftOf, envelopeFiles, fileText, type SchemaFiles, schemaFiles } from "./published.ts";
export type { AvroRecord, AvroSchema } from "./schema.ts";
export { singleObjectCodec } from "./single-object.ts";
