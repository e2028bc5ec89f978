import type { Position } from "@taem/event-store";

/** A place in a slice: what an answer gives to the caller, who gives it to a query to read his own write. */
export interface Token {
  readonly slice: number;
  readonly position: Position;
}

export function formatToken({ slice, position }: Token): string {
  return `${slice}:${position}`;
}

/** Undefined if the text is no token. */
export function parseToken(text: string): Token | undefined {
  const match = /^(\d|[1-5]\d|6[0-3]):([!-~]{1,100})$/.exec(text);
  return match === null ? undefined : { slice: Number(match[1]), position: match[2] as string };
}
