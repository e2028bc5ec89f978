/** An Avro schema as its specification writes it in JSON (https://avro.apache.org/docs/1.12.0/specification/). */
export type AvroSchema = string | readonly AvroSchema[] | AvroType;

export interface AvroType {
  /** The name of a type, or, around it, a schema that is all the type there is. */
  readonly type: AvroSchema;
  readonly name?: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly logicalType?: string;
  readonly fields?: readonly AvroField[];
  readonly symbols?: readonly string[];
  readonly items?: AvroSchema;
  readonly values?: AvroSchema;
  readonly size?: number;
}

export interface AvroField {
  readonly name: string;
  readonly type: AvroSchema;
  readonly default?: unknown;
  readonly doc?: string;
}

export interface AvroRecord extends AvroType {
  readonly type: "record";
  readonly name: string;
  readonly fields: readonly AvroField[];
}

export const NAMESPACE = "taem";

/** Marks the longs that a program must read exactly; to a reader that does not know it, it is a long. */
export const AMOUNT = "amount";
