/** What the import itself rejects a row for; what the API refuses comes under the API's own code. Stable for ever. */
export const rejectReasons = {
  wrong_column_count:
    "The row has not as many cells as the header: a delimiter or a quote is missing or too much.",
  quote_not_closed: "The file ends inside a quoted cell: it was cut off, or a quote is missing or too much.",
  stray_quote: "The line is in a quoted cell that swallows further rows: a quote is missing or too much.",
  malformed_text: "A cell that is needed is not valid text in the file's encoding.",
  unknown_kind: "The kind column holds a value that the mapping does not name.",
  no_member: "The member column is empty.",
  malformed_id: "The member or the key is not 1 to 128 (key: 200) printable characters.",
  scientific_id: "The member or the key is a number such as 1.23E+11: a spreadsheet has cut off its digits.",
  no_key: "A key column is empty.",
  malformed_amount: "The amount is not a number in the mapping's notation.",
  fractional_amount: "The amount has more decimals than the currency, and the mapping says to reject that.",
  amount_too_large: "The amount is above 10^15 minor units.",
  zero_amount: "The amount is zero: nothing to earn or to take back.",
  wrong_sign: "The sign of the amount contradicts the kind of the row.",
  malformed_time: "The time does not fit the mapping's format, or is no time of the calendar.",
  time_in_future: "The time lies in the future, which would move the programme's clock there.",
  malformed_expiry: "The expiry does not fit the mapping's format, or is no time of the calendar.",
  expiry_too_far: "The expiry is more than a hundred years away, and does not mean never.",
  no_expiry: "The expiry is empty, and the mapping says to reject that.",
  key_repeated: "An earlier row of the file has the same key; the detail names its line.",
  duplicate: "The row is identical to an earlier one, and --duplicates reject was given.",
} as const satisfies Record<string, string>;

export type RejectReason = keyof typeof rejectReasons;

/** Why a row was not taken. */
export class Rejection {
  readonly reason: RejectReason;
  /** What was found; goes to the rejects file. */
  readonly detail: string;
  constructor(reason: RejectReason, detail: string) {
    this.reason = reason;
    this.detail = detail;
  }
}

/** Why lines of the file are none of its transactions, and are passed over. Stable for ever. */
export const ignoreReasons = {
  above_header: "lines above the header",
  header: "the header",
  blank: "blank lines, and rows of empty cells",
  continued: "further lines of rows whose cells hold line ends",
  totals: "lines that begin as the mapping says totals do",
  same_key: "further lines of an order, without an amount",
  only: "rows that the mapping's conditions leave out",
  skip: "rows that the mapping's conditions skip",
} as const satisfies Record<string, string>;

export type IgnoreReason = keyof typeof ignoreReasons;

/** A row that is passed over. */
export class Ignored {
  readonly reason: IgnoreReason;
  constructor(reason: IgnoreReason) {
    this.reason = reason;
  }
}

const MAX_SHOWN = 60;

/** A cell as a detail shows it. */
export function shown(cell: string): string {
  return JSON.stringify(cell.length > MAX_SHOWN ? `${cell.slice(0, MAX_SHOWN)}…` : cell);
}
