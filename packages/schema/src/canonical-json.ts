import { type Field, type Fields, MAX_INTEGER } from "./field.ts";

/**
 * Canonical JSON (RFC 8785) of described values: keys in UTF-16 order, no white space, amounts as decimal strings.
 * `JSON.stringify` of strings and safe integers is already what RFC 8785 asks for (ECMAScript serialisation).
 */

type Value = unknown;
type Writer = (value: Value) => string;
type Reader = (value: Value, path: string) => Value;

export interface Codec<T> {
  /** Throws `ContractViolation` on an amount, a number or a text that no reader could read back. */
  encode(value: T): string;
  /** Throws `ContractViolation` when the text is not what the description says. */
  decode(json: string): T;
}

export class ContractViolation extends Error {
  readonly code = "contract_violation";
  constructor(path: string, expected: string) {
    super(`${path}: expected ${expected}`);
    this.name = "ContractViolation";
  }
}

export function codecOf<T>(field: Field<T>, name: string): Codec<T> {
  const write = writerOf(field);
  const read = readerOf(field);
  return {
    encode: (value) => wellFormed(write(value), name),
    decode: (json) => read(parse(json, name), name) as T,
  };
}

/** Half a surrogate pair, which has no UTF-8: the only thing that canonical JSON writes as an escape of this kind. */
const HALF_PAIR = /(?<!\\)(?:\\\\)*\\ud/;

function wellFormed(json: string, name: string): string {
  return json.includes("\\ud") && HALF_PAIR.test(json) ? fail(name, "texts that are well-formed") : json;
}

function parse(json: string, name: string): Value {
  const value = parsed(json) ?? fail(name, "JSON");
  // Hardly an event has an escape of this kind, and all that is looked for is one.
  if (json.includes("\\u")) wellFormed(JSON.stringify(value), name);
  return value;
}

function parsed(json: string): Value {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function writerOf(field: Field<unknown>): Writer {
  switch (field.kind) {
    case "text":
    case "choice":
    case "flag":
      return JSON.stringify;
    case "instant":
    case "integer":
      return (value) => (isExact(value) ? String(value) : fail(String(value), "an integer of 53 bits"));
    case "amount":
      return (value) =>
        fitsLong(value as bigint) ? `"${value as bigint}"` : fail(String(value), "an amount of 64 bits");
    case "list": {
      const item = writerOf(field.of);
      return (value) => `[${(value as Value[]).map(item).join(",")}]`;
    }
    case "optional":
      return writerOf(field.of);
    case "record":
      return recordWriter(field.fields);
  }
}

function recordWriter(fields: Fields): Writer {
  const members = Object.keys(fields)
    .sort()
    .map((name) => ({
      name,
      prefix: `${JSON.stringify(name)}:`,
      write: writerOf(fields[name] as Field<unknown>),
    }));
  return (value) => {
    const source = value as Record<string, Value>;
    let json = "";
    for (const { name, prefix, write } of members) {
      const member = source[name];
      if (member === undefined) continue;
      json += json === "" ? prefix + write(member) : `,${prefix}${write(member)}`;
    }
    return `{${json}}`;
  };
}

const AMOUNT = /^(?:0|-?[1-9][0-9]{0,18})$/;
/** So many characters are an amount of 64 bits, whichever they are. */
const SURELY_LONG = 18;

function fitsLong(amount: bigint): boolean {
  return BigInt.asIntN(64, amount) === amount;
}

function isExact(value: Value): boolean {
  return Number.isInteger(value) && Math.abs(value as number) <= MAX_INTEGER;
}

function readAmount(value: Value, path: string): bigint {
  if (typeof value !== "string" || !AMOUNT.test(value)) return fail(path, "an amount as a decimal string");
  const amount = BigInt(value);
  return value.length <= SURELY_LONG || fitsLong(amount) ? amount : fail(path, "an amount of 64 bits");
}

function readerOf(field: Field<unknown>): Reader {
  switch (field.kind) {
    case "text":
      return (value, path) => (typeof value === "string" ? value : fail(path, "a string"));
    case "choice":
      return (value, path) =>
        field.values.includes(value as string) ? value : fail(path, `one of ${field.values.join(", ")}`);
    case "instant":
    case "integer":
      return (value, path) => (isExact(value) ? value : fail(path, "an integer of 53 bits"));
    case "flag":
      return (value, path) => (typeof value === "boolean" ? value : fail(path, "true or false"));
    case "amount":
      return readAmount;
    case "list":
      return listReader(readerOf(field.of));
    case "optional":
      return readerOf(field.of);
    case "record":
      return recordReader(field.fields);
  }
}

function listReader(item: Reader): Reader {
  return (value, path) => {
    if (!Array.isArray(value)) return fail(path, "a list");
    for (let i = 0; i < value.length; i++) value[i] = item(value[i], path);
    return value;
  };
}

function recordReader(fields: Fields): Reader {
  const members = Object.entries(fields).map(([name, field]) => ({
    name,
    required: field.kind !== "optional",
    read: readerOf(field),
  }));
  const known = new Set(Object.keys(fields));
  return (value, path) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return fail(path, "an object");
    const source = value as Record<string, Value>;
    for (const { name, required, read } of members) {
      const member = source[name];
      if (member !== undefined) source[name] = read(member, name);
      else if (required) fail(`${path}.${name}`, "a value");
    }
    for (const name in source) if (!known.has(name)) fail(`${path}.${name}`, "no such field");
    return source;
  };
}

function fail(path: string, expected: string): never {
  throw new ContractViolation(path, expected);
}
