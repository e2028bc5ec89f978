import { readFile } from "node:fs/promises";
import { isZone } from "@taem/kernel";
import { z } from "zod";
import { timeFormat } from "./time-format.ts";
import { UsageError } from "./usage-error.ts";

/** How a file of transactions is read: what README.md describes, field by field. Everything that is not named is refused. */

const COLUMN = "must be a column's name in the header, or its position from 1";
const column = z.union(
  [z.string().min(1, COLUMN), z.int({ error: COLUMN }).min(1, COLUMN).max(10_000, COLUMN)],
  { error: COLUMN },
);
const code = z.string().regex(/^[A-Z][A-Z0-9]{1,11}$/, "must be a currency code such as THB or POINT");
const name = z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, "must be a name such as base-earn");
const kind = z.enum(["earn", "reversal", "opening_balance"]);
const zone = z.string().refine(isZone, "must be a time zone of the IANA database, such as Asia/Bangkok");

const encoding = z
  .string()
  .default("utf-8")
  .refine(isEncoding, "must be an encoding of the WHATWG standard, such as utf-8, windows-874 or utf-16le");

/** What all formats have. */
const table = {
  header: z.boolean().default(true),
  totals: z.array(z.string().trim().min(1)).default([]),
};

const file = z.discriminatedUnion("format", [
  z.strictObject({
    format: z.literal("delimited"),
    delimiter: z.string().length(1).default(","),
    quote: z.string().length(1).nullable().default('"'),
    ...table,
    encoding,
  }),
  z.strictObject({ format: z.literal("whitespace"), ...table, encoding }),
  z.strictObject({
    format: z.literal("xlsx"),
    sheet: z.union([z.string().min(1), z.int().min(1)]).optional(),
    ...table,
  }),
]);

const condition = z.strictObject({ column, values: z.array(z.string().trim()).min(1) });

const ids = z.strictObject({
  scientific: z.enum(["reject", "take"]).default("reject"),
  armour: z.enum(["strip", "keep"]).default("strip"),
});

const kinds = z.discriminatedUnion("by", [
  z.strictObject({ by: z.literal("sign") }),
  z.strictObject({
    by: z.literal("column"),
    column,
    values: z.record(z.string(), kind),
    reversals: z.enum(["negative", "positive"]).default("negative"),
  }),
  z.strictObject({
    by: z.literal("constant"),
    kind,
    reversals: z.enum(["negative", "positive"]).default("negative"),
  }),
]);

const amount = z.strictObject({
  column,
  decimals: z.int().min(0).max(6),
  point: z.enum([".", ","]).default("."),
  grouping: z.enum([",", ".", " ", "'"]).optional(),
  marks: z
    .array(
      z.string().regex(/^[^\d\s.,'()+-]+$/, "must be a mark such as ฿ or THB: no digits, signs or blanks"),
    )
    .default([]),
  empty: z.enum(["reject", "same_key"]).default("reject"),
  excess: z.enum(["reject", "half_even"]).default("reject"),
  zero: z.enum(["reject", "take"]).default("reject"),
});

const format = z.string().superRefine((text, context) => {
  try {
    timeFormat(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
});

/** One column, or several whose cells stand in the format one after the other. */
const columns = z.union([column, z.array(column).min(2).max(3)]);
const era = z.enum(["common", "buddhist"]).default("common");

const time = z.union([
  z.strictObject({ column: columns, format, era, zone: zone.optional() }),
  z.strictObject({ at: z.iso.datetime({ offset: true }) }),
]);

const expiry = z.strictObject({
  column: columns,
  format,
  era,
  zone: zone.optional(),
  means: z.enum(["last_day", "end"]),
  never: z.array(z.string().trim().min(1)).default([]),
  empty: z.enum(["reject", "never", "by_policy"]).default("reject"),
});

/** Sent as it stands: the API judges it. */
const body = z.record(z.string(), z.json());

const define = z.strictObject({
  name: z.string(),
  zone,
  currencies: z.record(code, body),
  rules: z.record(name, body).default({}),
});

const fields = z.strictObject({
  system: z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, "must be a name such as online-retail"),
  programme: z.string().optional(),
  file,
  only: z.array(condition).default([]),
  skip: z.array(condition).default([]),
  ids: ids.prefault({}),
  member: column,
  key: z
    .strictObject({ columns: z.array(column).min(1), scope: z.enum(["account", "programme"]) })
    .optional(),
  kind: kinds,
  amount,
  points: code,
  spend: z.strictObject({ currency: code, rule: name }).optional(),
  time,
  expiry: expiry.optional(),
  reasons: z.partialRecord(kind, name).default({}),
  define: define.optional(),
});

export const mappingSchema = fields.superRefine((mapping, context) => {
  for (const [path, message] of contradictions(mapping))
    context.addIssue({ code: "custom", path: [...path], message });
});

export type Mapping = z.output<typeof fields>;
export type Column = z.output<typeof column>;
export type Kind = z.output<typeof kind>;

/** Rows without key columns are of a system of their own, whose name is longer. */
const MAX_KEYLESS_SYSTEM = 27;

/** What no single field can tell. */
function contradictions(mapping: Mapping): [path: Place, message: string][] {
  const { amount: units, expiry: ends, spend } = mapping;
  const found: [path: Place, message: string][] = [];
  const opens = kindsOf(mapping).includes("opening_balance");
  if (opens && spend !== undefined)
    found.push([["spend"], "an opening balance is in points: leave spend out"]);
  if (opens !== (ends !== undefined)) {
    found.push([["expiry"], opens ? "an opening balance needs it" : "only opening balances have an expiry"]);
  }
  if (units.zero === "take" && spend === undefined) {
    found.push([["amount", "zero"], "only a spend can be zero: points cannot"]);
  }
  if (units.empty === "same_key" && mapping.key === undefined) {
    found.push([["amount", "empty"], "rows of the same key need key columns"]);
  }
  if (mapping.key === undefined && mapping.system.length > MAX_KEYLESS_SYSTEM) {
    found.push([["system"], `has at most ${MAX_KEYLESS_SYSTEM} characters where rows have no key columns`]);
  }
  if (units.grouping === units.point) found.push([["amount", "grouping"], "is the decimal point too"]);
  if (ends?.means === "last_day" && timeFormat(ends.format).hasTime) {
    found.push([["expiry", "format"], "the last day has no time of day"]);
  }
  if (!mapping.file.header) {
    for (const [path, named] of columnsOf(mapping)) {
      if (typeof named === "string")
        found.push([path, "without a header, columns are named by their position"]);
    }
  }
  return found;
}

/** What kinds a row can be. */
function kindsOf({ kind: by }: Mapping): Kind[] {
  if (by.by === "sign") return ["earn", "reversal"];
  return by.by === "constant" ? [by.kind] : Object.values(by.values);
}

type Place = readonly (string | number)[];

/** The columns that a part of the mapping names, one or several. */
export function listed(named: Column | readonly Column[]): readonly Column[] {
  return Array.isArray(named) ? (named as readonly Column[]) : [named as Column];
}

/** Every column that the mapping names, with where it names it. */
export function columnsOf(mapping: Mapping): [path: Place, column: Column][] {
  const { key, kind: by, time: when, expiry: ends, only, skip } = mapping;
  const several = (path: Place, named: Column | readonly Column[]) =>
    listed(named).map((each, i): [Place, Column] => [Array.isArray(named) ? [...path, i] : path, each]);
  const conditions = (name: string, all: Mapping["only"]) =>
    all.map((each, i): [Place, Column] => [[name, i, "column"], each.column]);
  return [
    [["member"], mapping.member],
    [["amount", "column"], mapping.amount.column],
    ...several(["key", "columns"], key?.columns ?? []),
    ...(by.by === "column" ? several(["kind", "column"], by.column) : []),
    ...("column" in when ? several(["time", "column"], when.column) : []),
    ...(ends === undefined ? [] : several(["expiry", "column"], ends.column)),
    ...conditions("only", only),
    ...conditions("skip", skip),
  ];
}

function isEncoding(label: string): boolean {
  try {
    new TextDecoder(label);
    return true;
  } catch {
    return false;
  }
}

/** Reads a mapping file. Throws a `UsageError` that names every fault. */
export async function readMapping(path: string): Promise<Mapping> {
  const parsed = mappingSchema.safeParse(parseJson(path, await readText(path)));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    (issue) => `  ${issue.path.join(".") || "mapping"}: ${issue.message}`,
  );
  throw new UsageError("mapping_invalid", `${path} is not a mapping:\n${faults.join("\n")}`);
}

async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
  } catch (error) {
    throw new UsageError("mapping_unreadable", `${path} cannot be read: ${(error as Error).message}`);
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError("mapping_invalid", `${path} is not JSON: ${(error as Error).message}`);
  }
}
