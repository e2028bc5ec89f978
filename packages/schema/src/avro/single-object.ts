import avsc, { type Type } from "avsc";
import { ContractViolation } from "../canonical-json.ts";
import { fingerprint } from "./canonical-form.ts";
import { plainOf } from "./plain.ts";
import { Cursor, scanOf } from "./scan.ts";
import { AMOUNT, type AvroRecord } from "./schema.ts";

/**
 * Avro single-object encoding ("Single-object encoding" in the specification): two bytes that mark it, the fingerprint
 * of the writer's schema with its lowest byte first, and the value.
 */

const MARKER = 0x01c3;
const HEADER = 10;

/** Where values are written before they are copied to their size; grows to the largest value there was. */
let scratch = Buffer.allocUnsafeSlow(64 * 1024);

const long = Buffer.alloc(8);

/** avsc's own longs are numbers. */
const amountType = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (amount: bigint) => {
    long.writeBigInt64LE(amount);
    return long;
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (amount: unknown) => typeof amount === "bigint" && BigInt.asIntN(64, amount) === amount,
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

/** Writes and reads the values of one schema. */
export interface SingleObjectCodec<T> {
  /** As `fingerprintOf` has it. */
  readonly fingerprint: string;
  /** Throws `ContractViolation` on a value that is not of the schema. */
  encode(value: T): Buffer;
  /** Reads bytes with this fingerprint. Throws `ContractViolation` on all but what `encode` makes of some value. */
  decode(bytes: Buffer): T;
}

export function singleObjectCodec<T>(schema: AvroRecord): SingleObjectCodec<T> {
  const type = avsc.Type.forSchema(schema as Parameters<typeof avsc.Type.forSchema>[0], {
    typeHook: (inner) => (isAmount(inner) ? amountType : (undefined as unknown as Type)),
    wrapUnions: "never",
    omitRecordMethods: true,
  });
  const { name } = schema;
  const scan = scanOf(schema);
  const plain = plainOf(schema);
  const header = Buffer.alloc(HEADER);
  header.writeUInt16LE(MARKER);
  header.writeBigUInt64LE(fingerprint(schema), 2);
  return {
    fingerprint: header.toString("latin1", 2),
    encode(value) {
      const end = write(type, name, value);
      header.copy(scratch);
      return Buffer.from(scratch.subarray(0, end));
    },
    decode(bytes) {
      const cursor = new Cursor(name, bytes, HEADER);
      scan(cursor);
      cursor.end();
      return plain(type.decode(bytes, HEADER).value) as T;
    },
  };
}

/** Leaves the value in `scratch`, behind the room for a header; where it ends. */
function write(type: Type, name: string, value: unknown): number {
  for (;;) {
    const end = attempt(type, name, value);
    if (end > 0) return end;
    scratch = Buffer.allocUnsafeSlow(2 * (scratch.length - end));
  }
}

function attempt(type: Type, name: string, value: unknown): number {
  try {
    return type.encode(value, scratch, HEADER);
  } catch (error) {
    throw new ContractViolation(name, `a value of its schema: ${(error as Error).message}`);
  }
}

function isAmount(schema: unknown): boolean {
  return (
    typeof schema === "object" && schema !== null && "logicalType" in schema && schema.logicalType === AMOUNT
  );
}

/** The fingerprint in an encoded value, as a text of 8 characters. Throws `ContractViolation` on what has none. */
export function fingerprintOf(name: string, bytes: Buffer): string {
  if (bytes.length < HEADER || bytes.readUInt16LE() !== MARKER) {
    throw new ContractViolation(name, "Avro single-object encoding");
  }
  return bytes.toString("latin1", 2, HEADER);
}
