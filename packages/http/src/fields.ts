import { z } from "zod";
import { isName, NAME_RULE } from "./names.ts";
import type { OwnProblem } from "./problems.ts";

export { canonicalName, isLikeAnActor, isName, NAME_RULE, spellingsOf } from "./names.ts";

/**
 * The fields that requests and answers are made of. A field that is decoded fails with a problem code of its
 * own; on the wire everything is JSON. Answers are declared with the same fields and written in wire form:
 * `String(amount)`, `formatInstant(at)`.
 */

/** Minor units that one command may name. */
export const MAX_AMOUNT = 10n ** 15n;

/** Where a field's JSON Schema names the problems it can have. */
export const FIELD_PROBLEMS = "x-problems";

const AMOUNT_PROBLEMS = ["malformed_amount", "amount_not_positive", "amount_too_large"] as const;

/** What `decode` returns for a text that it refuses: a code, the kit's own unless told. */
export class Fault<Code extends string = OwnProblem> {
  readonly code: Code;
  readonly detail: string;
  constructor(code: NoInfer<Code>, detail: string) {
    this.code = code;
    this.detail = detail;
  }
}

export interface TextField<T> {
  /** Name of the component in the document; without one the field is described in place. */
  readonly id?: string;
  readonly description: string;
  /** For the document; `decode` is what judges. */
  readonly pattern?: string;
  readonly format?: string;
  readonly maxLength?: number;
  readonly examples: readonly string[];
  /** Codes that `decode` can find; the document lists them for every route that has the field. */
  readonly problems: readonly string[];
  readonly decode: (text: string) => T | Fault<string>;
  readonly encode: (value: T) => string;
}

/** A field that is a string on the wire and a `T` inside. */
export function textField<T>({ decode, encode, problems, examples, ...documented }: TextField<T>) {
  const meta = { ...documented, examples: [...examples], [FIELD_PROBLEMS]: problems };
  return z.codec(z.string().meta(meta), z.custom<T>(), {
    decode: (text, context) => {
      const value = decode(text);
      if (!(value instanceof Fault)) return value;
      const { code, detail } = value;
      context.issues.push({ code: "custom", message: detail, params: { problem: code }, input: text });
      return z.NEVER;
    },
    encode,
  });
}

/** Points or money in minor units, above 0: a decimal string on the wire, a bigint inside. */
export const amount = textField<bigint>({
  id: "Amount",
  description: "Whole minor units, from 1 to 10^15, as a decimal string.",
  pattern: "^[1-9][0-9]{0,15}$",
  maxLength: 16,
  examples: ["1250"],
  problems: AMOUNT_PROBLEMS,
  decode: (text) =>
    /^(0|-\d+|-0)$/.test(text) ? new Fault("amount_not_positive", "must be above 0") : magnitude(text),
  encode: String,
});

/** Like `amount`, or 0: what was spent on an order may be nothing. */
export const amountOrZero = textField<bigint>({
  id: "AmountOrZero",
  description: "Whole minor units, from 0 to 10^15, as a decimal string.",
  pattern: "^(0|[1-9][0-9]{0,15})$",
  maxLength: 16,
  examples: ["1250"],
  problems: AMOUNT_PROBLEMS,
  decode: (text) => {
    if (text === "0") return 0n;
    return /^-\d+$/.test(text) ? new Fault("amount_not_positive", "must not be below 0") : magnitude(text);
  },
  encode: String,
});

function magnitude(text: string): bigint | Fault {
  if (!/^[1-9]\d*$/.test(text))
    return new Fault(
      "malformed_amount",
      "must be decimal digits, without sign, point or leading 0: a number of the smallest unit, such as satang",
    );
  if (text.length > 16) return new Fault("amount_too_large", `must be at most ${MAX_AMOUNT}`);
  const value = BigInt(text);
  return value > MAX_AMOUNT ? new Fault("amount_too_large", `must be at most ${MAX_AMOUNT}`) : value;
}

/** Any total of an answer: decimal digits, with a minus sign below 0. */
export const total = z
  .string()
  .regex(/^(0|-?[1-9]\d*)$/)
  .meta({
    id: "Total",
    description: "Whole minor units as a decimal string, of any size.",
    examples: ["-40"],
  });

/** The last instant that RFC 3339 can write: the year has four digits. */
export const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const INSTANT = /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):(\d\d):(\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/**
 * An instant: RFC 3339 with offset on the wire, integer milliseconds since the epoch inside (finer digits are
 * cut).
 */
export const instant = textField<number>({
  id: "Instant",
  description:
    "RFC 3339 date-time with its offset, from 1970-01-01T00:00:00Z to 9999-12-31T23:59:59.999Z once the offset is applied; digits below the millisecond are cut. In a query, + is written %2B.",
  format: "date-time",
  examples: ["2026-11-05T10:00:00+07:00"],
  problems: ["malformed_time", "time_out_of_range"],
  decode: (text) => {
    const at = parseInstant(text);
    if (Number.isNaN(at)) {
      const detail =
        "must be RFC 3339 with an offset, as in 2026-11-05T10:00:00+07:00 (in a query, + is %2B)";
      return new Fault("malformed_time", detail);
    }
    if (at >= 0 && at <= LAST_INSTANT) return at;
    const detail = `must lie between ${formatInstant(0)} and ${formatInstant(LAST_INSTANT)}, its offset applied`;
    return new Fault("time_out_of_range", detail);
  },
  encode: formatInstant,
});

/** NaN for what is none. */
function parseInstant(text: string): number {
  const match = INSTANT.exec(text);
  if (match === null) return Number.NaN;
  const [, year, month, day] = match.map(Number) as [number, number, number, number];
  // Date.parse takes 30 February for 2 March.
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return Number.NaN;
  const fraction = match[7]?.slice(0, 4) ?? "";
  return Date.parse(`${text.slice(0, 19)}${fraction}${match[8]}`);
}

const LOCAL_DATE = /^(19[7-9]\d|[2-9]\d{3})-(\d\d)-(\d\d)$/;

/** A local calendar day, the same text inside. */
export const localDate = textField<string>({
  id: "LocalDate",
  description: "A calendar day of the programme's zone, in the years 1970 to 9999.",
  format: "date",
  examples: ["2026-02-28"],
  problems: ["malformed_time"],
  decode: (text) =>
    LOCAL_DATE.test(text) && !Number.isNaN(parseInstant(`${text}T00:00:00Z`))
      ? text
      : new Fault("malformed_time", "must be a calendar day, as in 2026-02-28"),
  encode: (date) => date,
});

/** The instants of one answer, and of those around it, are mostly the same few. */
const formatted = new Map<number, string>();
const REMEMBERED_INSTANTS = 1_000;

/** Milliseconds since the epoch as RFC 3339 in UTC; what is later than it can write, as the last that it can. */
export function formatInstant(at: number): string {
  const known = formatted.get(at);
  if (known !== undefined) return known;
  const text = new Date(Math.min(at, LAST_INSTANT)).toISOString();
  if (formatted.size >= REMEMBERED_INSTANTS) formatted.clear();
  formatted.set(at, text);
  return text;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** An id of ours: a UUID, in lower case inside. */
export const uuid = textField<string>({
  id: "Uuid",
  description: "A UUID.",
  format: "uuid",
  examples: ["019a51d2-7c3e-7b4a-9f00-5d2c1e8a4b61"],
  problems: ["malformed_id"],
  decode: (text) => (UUID.test(text) ? text.toLowerCase() : new Fault("malformed_id", "must be a UUID")),
  encode: (id) => id,
});

/** Comes as it was given: what is kept under it is looked for by `spellingsOf`, and written as `canonicalName`. */
function printable(
  id: string,
  description: string,
  maxLength: number,
  example: string,
  code: OwnProblem = "malformed_id",
) {
  return textField<string>({
    id,
    description: `${description}: 1 to ${maxLength} ${NAME_RULE}.`,
    pattern: "^\\S(.*\\S)?$",
    maxLength,
    examples: [example],
    problems: [code],
    decode: (text) =>
      isName(text, maxLength)
        ? text
        : new Fault(code, `must be 1 to ${maxLength} printable characters, without white space at the ends`),
    encode: (text) => text,
  });
}

/** What a programme is called. */
export const displayName = printable("DisplayName", "Shown to people", 200, "แต้มสะสม", "malformed_value");

/** Who a member is: our id, or the caller's own. */
export type MemberRef = { readonly id: string } | { readonly externalId: string };

const MAX_EXTERNAL_ID = 128;

/** Our id of a member, or `ext:` and the caller's own id, as it was given. */
export const memberRef = textField<MemberRef>({
  id: "MemberRef",
  description: `Our id of the member (a UUID), or \`ext:\` and the caller's own id: 1 to ${MAX_EXTERNAL_ID} ${NAME_RULE}.`,
  pattern: `^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|ext:\\S(.*\\S)?)$`,
  maxLength: 4 + MAX_EXTERNAL_ID,
  examples: ["ext:C-1044"],
  problems: ["malformed_id"],
  decode: (text) => {
    if (UUID.test(text)) return { id: text.toLowerCase() };
    const externalId = text.startsWith("ext:") ? text.slice(4) : "";
    if (isName(externalId, MAX_EXTERNAL_ID)) return { externalId };
    return new Fault("malformed_id", "must be a UUID, or ext: and 1 to 128 printable characters");
  },
  encode: (member) => ("id" in member ? member.id : `ext:${member.externalId}`),
});

/** The caller's own id of a member, as enrolment takes it. */
export const externalId = printable("ExternalId", "The caller's own id", MAX_EXTERNAL_ID, "C-1044");

function name(
  id: string,
  description: string,
  pattern: RegExp,
  code: OwnProblem,
  examples: readonly string[],
) {
  const decode = (text: string) =>
    pattern.test(text) ? text : new Fault(code, `must match ${pattern.source}`);
  return textField<string>({
    id,
    description,
    pattern: pattern.source,
    examples,
    problems: [code],
    decode,
    encode: (text) => text,
  });
}

/** A programme's code in routes. */
export const programmeCode = name(
  "ProgrammeCode",
  "The programme's code.",
  /^[a-z0-9][a-z0-9-]{0,62}$/,
  "malformed_id",
  ["the-1"],
);

/** The code of a points or money currency. */
export const currencyCode = name(
  "CurrencyCode",
  "Code of a currency, of points or of money.",
  /^[A-Z][A-Z0-9]{1,11}$/,
  "malformed_currency",
  ["THB"],
);

/** The name of a source system. */
export const systemName = name(
  "SystemName",
  "A system that sends commands.",
  /^[a-z][a-z0-9_-]{0,31}$/,
  "malformed_id",
  ["pos"],
);

/** The name of a rule, reason or kind. */
export const ruleName = name("RuleName", "Name of a rule.", /^[a-z][a-z0-9_-]{0,63}$/, "malformed_id", [
  "base-earn",
]);

/** The business key of a command: what makes a repetition recognisable for ever. */
export const source = z
  .strictObject({
    system: systemName,
    id: printable("SourceId", "The system's id of what happened (order, receipt)", 200, "INV-536365"),
    leg: printable(
      "SourceLeg",
      "Which effect of it, where one id has several: a receipt that earns and burns, an order that comes back in parts, each with a leg of its own; `main` unless told",
      64,
      "main",
    ).default("main"),
  })
  .meta({
    id: "Source",
    description: "The business key: the same key and meaning give the first result again.",
  });

const HEADER_KEY = /^[!-~](?:[ -~]{0,198}[!-~])?$/;

/**
 * The `Idempotency-Key` header: the external id of the command where the body has no `source`. Of headers nobody says in
 * which encoding they are, so other characters would be one key here and another there.
 */
export const idempotencyKey = textField<string>({
  id: "IdempotencyKey",
  description:
    "Key of the command where the body has no source: 1 to 200 printable characters of ASCII, without white space at the ends.",
  pattern: HEADER_KEY.source,
  maxLength: 200,
  examples: ["5f1c2a"],
  problems: ["malformed_id"],
  decode: (text) =>
    HEADER_KEY.test(text)
      ? text
      : new Fault(
          "malformed_id",
          "must be 1 to 200 printable characters of ASCII, without white space at the ends; give any other as source.id",
        ),
  encode: (text) => text,
});

export const consistency = z
  .enum(["eventual", "strong"])
  .default("eventual")
  .meta({
    description:
      "`eventual`: what the read model knows by now. `strong`: all that the log has by now, of an account from the log " +
      "itself, else once the read model has it (503 `read_model_behind` where that takes too long).",
  });

const DIGITS = /^[0-9]{1,9}$/;

/** How many items a page holds: a number, which a query says in decimal digits. */
export function pageSize(byDefault: number, max: number, of = "Items a page") {
  const inDigits = z.preprocess((text, context) => {
    if (typeof text === "string" && DIGITS.test(text)) return Number(text);
    const params = { problem: "malformed_value" satisfies OwnProblem };
    context.issues.push({ code: "custom", message: "must be decimal digits", params, input: text });
    return z.NEVER;
  }, z.int().min(1).max(max));
  return (inDigits as z.ZodType as z.ZodType<number, number>).default(byDefault).meta({
    description: `${of}, from 1 to ${max}; ${byDefault} unless told.`,
    examples: [byDefault],
  });
}
