import { z } from "zod";
import { Fault, textField } from "./fields.ts";

/**
 * The `cursor` of a paged query: opaque to the caller, a JSON array of the given shape inside. It is not
 * signed: what it says is checked against the shape and only ever moves the start of a query that is bound to
 * the caller's programme anyway.
 */
export function cursor<T extends z.ZodType<readonly unknown[]>>(position: T) {
  return textField<z.output<T>>({
    description: "The `next` of the page before; absent for the first page.",
    pattern: "^[A-Za-z0-9_-]+$",
    maxLength: 1_024,
    examples: [encodeCursor(["019a51d2", 42])],
    problems: ["malformed_cursor"],
    decode: (text) => {
      const parsed = position.safeParse(decodeCursor(text));
      return parsed.success
        ? parsed.data
        : new Fault("malformed_cursor", "must be the `next` of the page before");
    },
    encode: encodeCursor,
  });
}

function decodeCursor(text: string): unknown {
  if (!/^[A-Za-z0-9_-]{1,1024}$/.test(text)) return undefined;
  try {
    const json = Buffer.from(text, "base64url").toString("utf8");
    // No place is named by a control character, and PostgreSQL takes no NUL.
    return /\\u00[01]/.test(json) ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}

function encodeCursor(position: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** The body of a paged answer. `next` is absent on the last page. */
export function pageOf<S extends z.ZodType>(item: S) {
  return z.object({ items: z.array(item), next: z.string().optional() });
}

export interface Page<T> {
  readonly items: T[];
  readonly next?: string;
}

/**
 * A page out of up to `size + 1` rows, the last of which only tells that there is more. `positionOf` gives
 * the JSON values after which the next page starts.
 */
export function pageFrom<R, T>(
  rows: readonly R[],
  size: number,
  positionOf: (row: R) => readonly unknown[],
  itemOf: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, size);
  const last = shown.at(-1);
  const items = shown.map(itemOf);
  return rows.length > size && last !== undefined
    ? { items, next: encodeCursor(positionOf(last)) }
    : { items };
}
