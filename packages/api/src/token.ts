import { fields } from "@taem/http";

/** A place in a slice: what an answer gives to the caller, who gives it to a query to read his own write. */
export interface Token {
  readonly slice: number;
  readonly position: string;
}

export function formatToken({ slice, position }: Token): string {
  return `${slice}:${position}`;
}

/** Undefined if the text is no token. */
export function parseToken(text: string): Token | undefined {
  const match = /^(\d|[1-5]\d|6[0-3]):([!-~]{1,100})$/.exec(text);
  return match === null ? undefined : { slice: Number(match[1]), position: match[2] as string };
}

export const token = fields.textField<Token>({
  id: "Token",
  description: "The `token` of a command's answer: what the command did is in the answer to this query.",
  pattern: "^[0-9]{1,2}:[!-~]{1,100}$",
  maxLength: 103,
  examples: ["17:0000000000012345"],
  problems: ["malformed_value"],
  decode: (text) =>
    parseToken(text) ?? new fields.Fault("malformed_value", "must be the token of a command's answer"),
  encode: formatToken,
});
