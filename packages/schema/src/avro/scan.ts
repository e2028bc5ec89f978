import { ContractViolation } from "../canonical-json.ts";
import { AMOUNT, type AvroSchema, type AvroType } from "./schema.ts";

/**
 * Walks over the bytes of a value and refuses what is not exactly what a writer of ours makes of some value: bytes that
 * are too few, numbers in more bytes than they need, lengths beyond the message, other booleans than 0 and 1, text that
 * is no UTF-8. avsc believes what bytes say: it would make room for four thousand million items, or read past a flaw.
 */
export type Scan = (cursor: Cursor) => void;

/** As a zigzag-coded number: avsc misreads longs further below zero than this. */
const MAX_ZIGZAG = 2 ** 53;
const MAX_ZIGZAG_INT = 2 ** 32;

export class Cursor {
  readonly #name: string;
  readonly #bytes: Buffer;
  at: number;

  constructor(name: string, bytes: Buffer, at: number) {
    this.#name = name;
    this.#bytes = bytes;
    this.at = at;
  }

  fail(expected: string): never {
    throw new ContractViolation(`${this.#name} at byte ${this.at}`, expected);
  }

  byte(): number {
    if (this.at >= this.#bytes.length) return this.fail("more bytes");
    return this.#bytes[this.at++] as number;
  }

  /** A variable-length number as its zigzag code: exact below 2^53, and of 64 bits at most. */
  number(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 128;
    let size = 1;
    do {
      byte = this.byte();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      size++;
    } while (byte >= 0x80 && size < 10);
    if (byte === 0 || (size === 10 && byte > 1))
      return this.fail("a number of 64 bits in no more bytes than it needs");
    return value;
  }

  /** A length or a count of things that take a byte each at least. */
  length(): number {
    const code = this.number();
    if (code % 2 !== 0 || code / 2 > this.#bytes.length - this.at)
      return this.fail("a length within the message");
    return code / 2;
  }

  /** Goes past so many bytes. */
  pass(count: number): void {
    if (count > this.#bytes.length - this.at) this.fail("more bytes");
    this.at += count;
  }

  text(): void {
    const end = this.length() + this.at;
    for (let i = this.at; i < end; i++) {
      if ((this.#bytes[i] as number) < 0x80) continue;
      if (!isUtf8(this.#bytes.subarray(i, end))) this.fail("text in UTF-8");
      break;
    }
    this.at = end;
  }

  end(): void {
    if (this.at !== this.#bytes.length) this.fail("no more bytes");
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isUtf8(bytes: Buffer): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The scan for a schema of ours; `defined` holds the scans of the records it has defined so far. */
export function scanOf(schema: AvroSchema, defined = new Map<string, Scan>()): Scan {
  if (typeof schema === "string") return defined.get(schema) ?? scanOfPrimitive(schema);
  if (!("type" in schema)) return scanOfUnion(schema.map((branch) => scanOf(branch, defined)));
  return scanOfType(schema, defined);
}

function scanOfType(schema: AvroType, defined: Map<string, Scan>): Scan {
  switch (schema.type) {
    case "record": {
      const fields = (schema.fields ?? []).map(({ type }) => scanOf(type, defined));
      const scan: Scan = (cursor) => {
        for (const field of fields) field(cursor);
      };
      defined.set(schema.name as string, scan);
      return scan;
    }
    case "enum":
      return scanOfEnum((schema.symbols ?? []).length);
    case "array":
      return scanOfArray(scanOf(schema.items as AvroSchema, defined));
    case "long":
      return schema.logicalType === AMOUNT ? (cursor) => void cursor.number() : scanOfPrimitive("long");
    default:
      return scanOf(schema.type, defined);
  }
}

function scanOfPrimitive(type: string): Scan {
  switch (type) {
    case "null":
      return () => {};
    case "boolean":
      return (cursor) => void (cursor.byte() <= 1 || cursor.fail("true or false"));
    case "int":
      return (cursor) => void (cursor.number() < MAX_ZIGZAG_INT || cursor.fail("an integer of 32 bits"));
    case "long":
      return (cursor) => void (cursor.number() < MAX_ZIGZAG || cursor.fail("an integer of 53 bits"));
    case "string":
      return (cursor) => cursor.text();
    case "bytes":
      return (cursor) => cursor.pass(cursor.length());
    default:
      throw new Error(`no schema of ours has a ${type}`);
  }
}

function scanOfUnion(branches: readonly Scan[]): Scan {
  return (cursor) => {
    const index = cursor.number();
    const branch = index % 2 === 0 ? branches[index / 2] : undefined;
    if (branch === undefined) return cursor.fail("a branch of the union");
    branch(cursor);
  };
}

function scanOfEnum(symbols: number): Scan {
  return (cursor) => {
    const index = cursor.number();
    if (index % 2 !== 0 || index / 2 >= symbols) cursor.fail("one of the symbols");
  };
}

/** A writer of ours makes one block of all items. */
function scanOfArray(item: Scan): Scan {
  return (cursor) => {
    const count = cursor.length();
    if (count === 0) return;
    for (let i = 0; i < count; i++) item(cursor);
    if (cursor.byte() !== 0) cursor.fail("the end of the list");
  };
}
