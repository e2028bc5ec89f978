export { decodeEnvelope, type Envelope, type EnvelopeEvent, encodeEnvelope } from "./envelope.ts";
export { decodePayload, encodePayload } from "./payload.ts";
