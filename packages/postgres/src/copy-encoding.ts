const CHUNK_LENGTH = 64 * 1024;
const SPECIAL = /[\\\n\r\t]/g;
const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Encodes rows as COPY's text format, in chunks of about 64 Ki characters. */
export function* copyChunks(rows: Iterable<readonly unknown[]>): Generator<string> {
  let chunk = "";
  for (const row of rows) {
    chunk += encodeRow(row);
    if (chunk.length >= CHUNK_LENGTH) {
      yield chunk;
      chunk = "";
    }
  }
  if (chunk !== "") yield chunk;
}

function encodeRow(row: readonly unknown[]): string {
  let line = "";
  for (let i = 0; i < row.length; i++) line += (i === 0 ? "" : "\t") + encodeValue(row[i]);
  return `${line}\n`;
}

function encodeValue(value: unknown): string {
  if (value === null || value === undefined) return "\\N";
  if (typeof value === "string") return value.replace(SPECIAL, (character) => ESCAPES[character] as string);
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  if (value instanceof Uint8Array) return `\\\\x${Buffer.from(value).toString("hex")}`;
  throw new TypeError(
    "COPY takes strings, numbers, bigints, booleans, bytes and null; convert the value first",
  );
}
