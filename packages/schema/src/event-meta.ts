import { type Codec, codecOf } from "./canonical-json.ts";
import { type Field, integer, optional, record, text } from "./field.ts";

/** Who asked, and what led to it. */
export interface Provenance {
  /** The API key's principal. */
  readonly actor: string;
  readonly correlation: string;
  readonly causation?: string;
}

/** Kept beside the event's data. */
export interface EventMeta extends Provenance {
  /** Schema version of the event's data. */
  readonly v: number;
}

const metaCodec: Codec<EventMeta> = codecOf(
  record({ v: integer, actor: text, correlation: text, causation: optional(text) }) as Field<EventMeta>,
  "meta",
);

/** Throws `ContractViolation` on texts that no reader could read back. */
export function encodeMeta(v: number, { actor, correlation, causation }: Provenance): string {
  const about = { v, actor, correlation };
  return metaCodec.encode(causation === undefined ? about : { ...about, causation });
}

/** Throws `ContractViolation`. */
export function decodeMeta(meta: string): EventMeta {
  return metaCodec.decode(meta);
}

/** Of a meta what is said beside the version. Throws `ContractViolation`. */
export function decodeProvenance(meta: string): Provenance {
  const { v: _, ...provenance } = decodeMeta(meta);
  return provenance;
}
