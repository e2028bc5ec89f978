import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { ApiError } from "./api-error.ts";

/** Throws `unsupported_media_type` unless the body is of the type, in UTF-8 and not encoded further. */
export function requireMediaType(request: IncomingMessage, mediaType: string): void {
  const given = request.headers["content-type"] ?? "";
  const plain = given === mediaType || isUtf8Variant(given, mediaType);
  if (plain && (request.headers["content-encoding"] ?? "identity") === "identity") return;
  throw new ApiError("unsupported_media_type", {
    detail: `Send Content-Type: ${mediaType}, without Content-Encoding.`,
  });
}

function isUtf8Variant(given: string, mediaType: string): boolean {
  const [type, ...parameters] = given
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  return type === mediaType && parameters.every((parameter) => /^charset="?utf-8"?$/.test(parameter));
}

export function hasBody(request: IncomingMessage): boolean {
  return (
    request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0
  );
}

/** The value of a JSON text. Throws `body_required`, `malformed_json`, `truncated_json` or `repeated_field`. */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw new ApiError("body_required");
  if (!isUtf8(bytes)) throw new ApiError("malformed_json", { detail: "The text is not UTF-8." });
  const text = bytes.toString("utf8");
  const value = parseText(text);
  // Of a repeated name the parser keeps the last, another reader the first: what was meant cannot be told (RFC 7493).
  if (countNames(bytes) > countMembers(value)) throw new ApiError("repeated_field");
  return value;
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw endsEarly(text, error as SyntaxError)
      ? new ApiError("truncated_json")
      : new ApiError("malformed_json");
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Names in a valid JSON text: as many as there are colons outside strings. */
function countNames(bytes: Buffer): number {
  let names = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) inString = !inString;
    else if (byte === BACKSLASH) i++;
    else if (byte === COLON && !inString) names++;
  }
  return names;
}

/** Members of all the objects in a value, however deep. */
function countMembers(value: unknown): number {
  let members = 0;
  const unseen = [value];
  for (let next = unseen.pop(); next !== undefined; next = unseen.pop()) {
    if (typeof next !== "object" || next === null) continue;
    const inner = Object.values(next);
    if (!Array.isArray(next)) members += inner.length;
    for (const item of inner) if (typeof item === "object") unseen.push(item);
  }
  return members;
}

/**
 * Whether the fault of a text is only that it ends: the parser says so, or its fault lies at the very end.
 */
function endsEarly(text: string, error: SyntaxError): boolean {
  if (/unexpected end|unterminated string/i.test(error.message)) return true;
  const position = / at position (\d+)/.exec(error.message);
  return position !== null && Number(position[1]) >= text.length;
}
