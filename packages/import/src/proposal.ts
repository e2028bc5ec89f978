import { basename } from "node:path";
import { type AmountGuess, amountGuess, clockFormat, type TimeGuess, timeGuess } from "./guesses.ts";
import { mappingSchema } from "./mapping.ts";
import { readSample, type Sample, totalsOf } from "./sample.ts";
import type { Source } from "./source.ts";
import { UsageError } from "./usage-error.ts";

/** A mapping that a person is to look through. */
export interface Proposal {
  /** As it would stand in a file. */
  readonly mapping: object;
  /** What was taken for what. */
  readonly choices: readonly string[];
  /** What the file does not tell, and a person has to. */
  readonly questions: readonly string[];
}

interface Column {
  readonly name: string;
  /** What a mapping names it by: its position, where others have its name. */
  readonly ref: string | number;
  /** A cell for each row. */
  readonly cells: readonly string[];
  /** Those that are not empty. */
  readonly values: readonly string[];
}

/** What is said of a proposal, in the order in which it is made. */
class Remarks {
  readonly choices: string[] = [];
  readonly questions: string[] = [];

  choose(text: string): void {
    this.choices.push(text);
  }

  ask(text: string): void {
    this.questions.push(text);
  }
}

/** Names by which people call columns, the most telling first. */
const NAMES = {
  member: [
    /member|สมาชิก/i,
    /customer|ลูกค้า/i,
    /buyer|client|user|household|card|ผู้ซื้อ/i,
    /e-?mail|อีเมล/i,
    /phone|mobile|โทร/i,
    /contact/i,
  ],
  key: [
    /(order|receipt|invoice|bill|transaction)[ _-]*(id|no|num)|หมายเลขคำสั่งซื้อ|เลขที่/i,
    /order|คำสั่งซื้อ/i,
    /receipt|invoice|bill|basket|ใบเสร็จ|บิล/i,
    /transaction|reference/i,
    /^name$/i,
  ],
  amount: [
    /net|สุทธิ/i,
    /grand|total|ยอดรวม|รวม|ทั้งหมด/i,
    /amount|ยอด|จำนวนเงิน/i,
    /spend|sales|value|paid|ราคา/i,
    /price/i,
  ],
  points: [/points?|แต้ม|คะแนน/i, /balance|คงเหลือ/i],
  expiry: [/expir|หมดอายุ/i, /valid/i],
  time: [/date|time|วันที่|เวลา/i, /created|paid|when|_ts$/i],
  clock: [/time|เวลา/i],
  kind: [/type|kind|ประเภท/i],
  status: [/status|สถานะ/i],
  line: [/sku|line|item|product|stock|สินค้า/i],
  quantity: [/^(qty|quantity|units|จำนวน)$/i],
} as const satisfies Record<string, readonly RegExp[]>;

const RETURN = /refund|return|cancel|void|คืน|ยกเลิก/i;
const MAX_KINDS = 6;
const DAY_MS = 86_400_000;
const CURRENCIES: Readonly<Record<string, string>> = {
  "฿": "THB",
  บาท: "THB",
  $: "USD",
  "€": "EUR",
  "£": "GBP",
  RM: "MYR",
  S$: "SGD",
  "¥": "JPY",
};

/** The columns of a sample, each of which has one meaning at most. */
class Columns {
  readonly all: readonly Column[];
  readonly #taken = new Set<Column>();

  constructor({ header, rows }: Sample) {
    this.all = header.map((name, at) => {
      const cells = rows.map((row) => row[at] ?? "");
      const ref = header.indexOf(name) === header.lastIndexOf(name) ? name : at + 1;
      return { name, ref, cells, values: cells.filter((cell) => cell !== "") };
    });
  }

  /** Takes the column whose name tells most of a role, of those that fit. */
  take(role: keyof typeof NAMES, fits: (column: Column) => boolean = () => true): Column | undefined {
    const free = this.all.filter((column) => !this.#taken.has(column) && column.values.length > 0);
    const found = NAMES[role].flatMap((name) => free.filter((column) => name.test(column.name))).find(fits);
    if (found !== undefined) this.#taken.add(found);
    return found;
  }
}

/**
 * Proposes a mapping by a file's header and its first rows, for a file that is imported `now`. Rejects with a `UsageError`
 * if they do not tell enough.
 */
export async function proposeMapping(source: Source, now: number): Promise<Proposal> {
  const sample = await readSample(source);
  const remarks = new Remarks();
  const columns = new Columns(sample);
  const [latest, lastEnd] = [now + DAY_MS, now + 100 * 366 * DAY_MS];
  const isTime = ({ values }: Column) => timeGuess(values, latest) !== undefined;
  const isAmount = (column: Column) => amountGuess(column.values) !== undefined && !isTime(column);
  const expiry = columns.take("expiry", ({ values }) => timeGuess(values, lastEnd) !== undefined);
  const time = columns.take("time", isTime);
  const points = columns.take("points", isAmount);
  const amount = points ?? columns.take("amount", isAmount);
  const member = columns.take("member", (column) => !isTime(column));
  if (member === undefined || amount === undefined || (time === undefined && expiry === undefined)) {
    throw untold(source, sample, { member, amount, time: time ?? expiry });
  }
  const { encoding } = sample.file;
  if (encoding !== undefined) remarks.ask(`The text is no UTF-8: is it ${encoding}, as it is taken for?`);
  remarks.choose(`Column ${member.name} is taken for the member.`);
  const isOpening = time === undefined;
  const rows = isOpening
    ? { kind: { by: "constant", kind: "opening_balance" } }
    : { ...keyPart(columns, amount, remarks), kind: kindPart(columns, amount, remarks) };
  askOfStatus(columns, remarks);
  const notation = amountGuess(amount.values) as AmountGuess;
  const totals = totalsOf(sample);
  const mapping = {
    system: systemOf(source),
    file: { ...sample.file, ...(totals.length === 0 ? {} : { totals }) },
    member: member.ref,
    ...rows,
    amount: {
      ...amountPart(amount, notation, points !== undefined, remarks),
      ...emptyPart(amount, rows, remarks),
    },
    points: "POINT",
    ...(points === undefined ? spendPart(columns, amount, notation, remarks) : {}),
    time: isOpening
      ? openingTime(now, remarks)
      : timePart(time, columns.take("clock", hasClock), latest, remarks),
    ...(isOpening ? { expiry: expiryPart(expiry as Column, lastEnd, remarks) } : {}),
  };
  remarks.ask(
    `Is the source system called ${mapping.system}, the currency ${mapping.points}, and which programme is it? ` +
      'Say the programme in "programme", or by --programme.',
  );
  mappingSchema.parse(mapping);
  return { mapping, choices: remarks.choices, questions: remarks.questions };
}

function untold(
  { name }: Source,
  { header }: Sample,
  found: Readonly<Record<"member" | "amount" | "time", Column | undefined>>,
): UsageError {
  const missing = Object.entries(found).flatMap(([role, column]) => (column === undefined ? [role] : []));
  const shown = header.slice(0, MAX_NAMES).map((each) => JSON.stringify(each.slice(0, MAX_NAME)));
  const there =
    shown.join(", ") + (header.length > MAX_NAMES ? ` and ${header.length - MAX_NAMES} more` : "");
  const message = `${name}: no column could be told to be the ${missing.join(", the ")}; the header has ${there}`;
  return new UsageError("mapping_missing", `${message}. Write the mapping by hand.`);
}

/** So much of a header is shown of a file that may be anything. */
const [MAX_NAMES, MAX_NAME] = [30, 60];
const MAX_SYSTEM = 24;

function systemOf({ name }: Source): string {
  const word = basename(name)
    .toLowerCase()
    .replace(/\..*$/, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, MAX_SYSTEM)
    .replace(/-+$/, "");
  return word === "" ? "import" : word;
}

/** What a row is known by: an order's number, or that and what tells its lines apart. */
function keyPart(columns: Columns, amount: Column, remarks: Remarks) {
  const key = columns.take("key");
  if (key === undefined) {
    remarks.choose(
      "No column could be told to be a key: rows are known by what stands in the columns that the mapping reads.",
    );
    return {};
  }
  if (key.values.some((value) => SCIENTIFIC.test(value)))
    remarks.ask(
      `Column ${key.name} has ids that a spreadsheet has cut off, such as 1.23E+17: can they be exported as text?`,
    );
  const named = (...more: Column[]) => ({
    key: { columns: [key, ...more].map(({ ref }) => ref), scope: "programme" },
  });
  if (isUnique([key]) || amount.cells.some((cell) => cell === "")) {
    remarks.choose(`Column ${key.name} is taken for the key of a row, whoever the member is.`);
    return named();
  }
  const line = columns.take("line", (column) => isUnique([key, column]));
  const what = `Column ${key.name} has values twice: is it the key of an order, whose lines the rows are?`;
  remarks.ask(
    line === undefined
      ? `${what} Of rows with the same key the first alone is taken.`
      : `${what} Each line is taken for itself, known by ${line.name} too.`,
  );
  return line === undefined ? named() : named(line);
}

const SCIENTIFIC = /^\d(\.\d+)?E\+\d+$/i;

function isUnique(columns: readonly Column[]): boolean {
  const [first] = columns as readonly [Column];
  const keys = first.cells.map((_, row) => JSON.stringify(columns.map(({ cells }) => cells[row])));
  return new Set(keys).size === keys.length;
}

/** A sign, or brackets, that make an amount one below zero. */
const NEGATIVE = /^[^\d]*[-(]|-\s*$/;

function kindPart(columns: Columns, amount: Column, remarks: Remarks) {
  const kind = columns.take("kind", ({ values }) => new Set(values).size <= MAX_KINDS);
  if (kind === undefined) {
    remarks.choose("Amounts below zero are taken for returns.");
    return { by: "sign" };
  }
  const values = [...new Set(kind.values)].map((value) => [value, RETURN.test(value) ? "reversal" : "earn"]);
  const meanings = values.map(([value, meaning]) => `${value} = ${meaning}`).join(", ");
  remarks.ask(`Column ${kind.name} is taken for the kind of the row: is it so that ${meanings}?`);
  const part = { by: "column", column: kind.ref, values: Object.fromEntries(values) };
  const returned = kind.cells.flatMap((cell, row) => (RETURN.test(cell) ? [amount.cells[row] ?? ""] : []));
  if (returned.length === 0 || returned.some((cell) => NEGATIVE.test(cell))) return part;
  remarks.choose(`Returns are taken to be written without a sign in column ${amount.name}.`);
  return { ...part, reversals: "positive" };
}

function askOfStatus(columns: Columns, remarks: Remarks): void {
  const status = columns.take("status");
  if (status === undefined) return;
  const different = [...new Set(status.values)];
  const shown = different.slice(0, MAX_KINDS).join(", ") + (different.length > MAX_KINDS ? ", …" : "");
  remarks.ask(
    `Column ${status.name} holds ${shown}: which of these are meant? Say so in "only" or "skip"; all are taken now.`,
  );
}

function amountPart({ name, ref }: Column, guess: AmountGuess, isPoints: boolean, remarks: Remarks) {
  const { decimals, point, grouping, marks = [], odd } = guess;
  remarks.choose(`Column ${name} is taken for the ${isPoints ? "points" : "money spent"}.`);
  remarkOnOdd(name, odd, remarks);
  return {
    column: ref,
    decimals: isPoints ? decimals : Math.max(2, decimals),
    ...(point === "." ? {} : { point }),
    ...(grouping === undefined ? {} : { grouping }),
    ...(marks.length === 0 ? {} : { marks }),
  };
}

/** Rows without an amount under the key of the row above them are further lines of an order. */
function emptyPart({ name, cells }: Column, rows: object, remarks: Remarks) {
  if (!("key" in rows) || !cells.includes("")) return {};
  remarks.choose(`Rows without ${name} are taken for further lines of the order above them.`);
  return { empty: "same_key" };
}

function spendPart(columns: Columns, { name }: Column, { marks = [] }: AmountGuess, remarks: Remarks) {
  const quantity = columns.take("quantity");
  if (quantity !== undefined)
    remarks.ask(
      `Is the money that of the whole row? There is a column ${quantity.name}, and no column is multiplied by another.`,
    );
  const currency = [...marks, ...name.toUpperCase().split(/[^A-Z]+/)]
    .map((mark) => CURRENCIES[mark] ?? Object.values(CURRENCIES).find((code) => code === mark))
    .find(Boolean);
  if (currency === undefined) remarks.ask("In which currency is the money? It is taken for THB.");
  remarks.choose('The rule base-earn turns money into points: the programme must have it, or "define" must.');
  return { spend: { currency: currency ?? "THB", rule: "base-earn" } };
}

function openingTime(now: number, remarks: Remarks) {
  const at = `${new Date(now).toISOString().slice(0, 10)}T00:00:00Z`;
  remarks.ask(`Of when are the balances? They are taken to be of ${at}: say in "time".`);
  return { at };
}

function hasClock({ values }: Column): boolean {
  return clockFormat(values) !== undefined;
}

function timePart(
  { name, ref, values }: Column,
  clock: Column | undefined,
  latest: number,
  remarks: Remarks,
) {
  const guess = timeGuess(values, latest) as TimeGuess;
  remarks.choose(`Column ${name} is taken for the time of the row.`);
  remarkOnTime(name, guess, remarks);
  const era = guess.era === "common" ? {} : { era: guess.era };
  if (guess.hasTime || clock === undefined) return { column: ref, format: guess.format, ...era };
  const format = `${guess.format}[ ${clockFormat(clock.values)}]`;
  return { column: [ref, clock.ref], format, ...era };
}

function expiryPart({ name, ref, values, cells }: Column, latest: number, remarks: Remarks) {
  const guess = timeGuess(values, latest) as TimeGuess;
  remarks.choose(
    `Column ${name} is taken for the ${guess.hasTime ? "end" : "last valid day"} of the points.`,
  );
  remarkOnTime(name, guess, remarks);
  if (cells.includes(""))
    remarks.ask(`What do rows without ${name} mean? They are rejected now: say so in "empty".`);
  return {
    ...{ column: ref, format: guess.format, ...(guess.era === "common" ? {} : { era: guess.era }) },
    ...{ means: guess.hasTime ? "end" : "last_day", empty: "reject" },
  };
}

function remarkOnTime(name: string, { era, isAmbiguous, format, odd }: TimeGuess, remarks: Remarks): void {
  if (era === "buddhist")
    remarks.ask(`Are the years of column ${name} of the Buddhist era? They are declared so.`);
  else if (/\byy\b/.test(format))
    remarks.ask(
      `Of which era are the two digits of the years of column ${name}? They are taken for the common one.`,
    );
  remarkOnOdd(name, odd, remarks);
  if (isAmbiguous)
    remarks.ask(`Is column ${name} ${format}? Its days and months could be the other way round.`);
  if (!format.includes("XXX"))
    remarks.choose(`The times of column ${name} are in the programme's zone, unless "zone" says another.`);
}

function remarkOnOdd(name: string, odd: readonly string[], remarks: Remarks): void {
  if (odd.length === 0) return;
  remarks.ask(
    `What is ${odd[0]} in column ${name}? ${odd.length} such values do not fit the others, and are rejected or wrong.`,
  );
}
