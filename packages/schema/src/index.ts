export { type Codec, ContractViolation, codecOf } from "./canonical-json.ts";
export {
  type About,
  type Catalogue,
  type Category,
  categoryOf,
  createCatalogue,
  type EventOf,
  sliceOfStream,
  streamOf,
  UNIQUE,
} from "./catalogue.ts";
export { decodeMeta, decodeProvenance, type EventMeta, encodeMeta, type Provenance } from "./event-meta.ts";
export {
  type Descriptions,
  type DomainEvent,
  defineEvents,
  type EncodedEvent,
  type EventIn,
  EventTypes,
} from "./event-types.ts";
export {
  amount,
  choice,
  type Field,
  type Fields,
  flag,
  type Infer,
  type InferFields,
  instant,
  integer,
  list,
  MAX_INTEGER,
  named,
  optional,
  record,
  text,
} from "./field.ts";
export { earlier, type Histories, UnknownEventVersion, upcast, versionsOf } from "./versions.ts";
