const REDACTED = "[redacted]";

/** Names of fields, in lower case, whose values never reach a log, at any depth. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "apikey",
  "api_key",
  "secret",
  "password",
  "passwd",
  "token",
  "database_url",
  "databaseurl",
  "connectionstring",
  "hmackey",
  "privatekey",
]);

const MAX_DEPTH = 6;
const API_KEY = /\btaem_([0-9a-z]+)_[0-9a-f]{16,}/g;
const URL_PASSWORD = /([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@]+@/gi;
const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;

/**
 * Secrets that got into a text (an error's message or stack): API keys, passwords in URLs, authorization
 * values.
 */
export function redactText(text: string): string {
  return text
    .replace(API_KEY, `taem_$1_${REDACTED}`)
    .replace(URL_PASSWORD, `$1:${REDACTED}@`)
    .replace(BEARER, `$1 ${REDACTED}`);
}

/**
 * Log fields without their secrets. What holds none is returned as it is: this runs for every line, and
 * pino's own redaction with wildcards was measured at 9 microseconds a line against less than one for this
 * walk.
 */
export function redactFields(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  let clean = fields;
  for (const name in fields) {
    const value = fields[name];
    const redacted = redactValue(name, value, depth);
    if (redacted === value) continue;
    if (clean === fields) clean = { ...fields };
    clean[name] = redacted;
  }
  return clean;
}

function redactValue(name: string, value: unknown, depth: number): unknown {
  if (value === undefined || value === null) return value;
  if (isSecret(name)) return REDACTED;
  if (typeof value !== "object" || value instanceof Error || ArrayBuffer.isView(value)) return value;
  if (depth === MAX_DEPTH) return "[too deep]";
  if (Array.isArray(value)) return redactItems(name, value, depth);
  return redactFields(value as Record<string, unknown>, depth + 1);
}

/** Names that were met: the same few in every line, and their lower case is another text each time. */
const judged = new Map<string, boolean>();
const MAX_JUDGED = 1_000;

function isSecret(name: string): boolean {
  const known = judged.get(name);
  if (known !== undefined) return known;
  const secret = SECRET_FIELDS.has(name.toLowerCase());
  if (judged.size < MAX_JUDGED) judged.set(name, secret);
  return secret;
}

function redactItems(name: string, items: readonly unknown[], depth: number): readonly unknown[] {
  const clean = items.map((item) => redactValue(name, item, depth + 1));
  return clean.some((item, i) => item !== items[i]) ? clean : items;
}
