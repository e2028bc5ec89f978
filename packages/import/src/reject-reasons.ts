/** What the import itself rejects a row for; what the API refuses comes under the API's own code. Stable for ever. */
export const rejectReasons = {
  wrong_column_count:
    "The row has not as many cells as the header: a delimiter or a quote is missing or too much.",
  quote_not_closed: "The file ends inside a quoted cell: it was cut off.",
  malformed_text: "A cell that is needed is not valid text in the file's encoding.",
  unknown_kind: "The kind column holds a value that the mapping does not name.",
  no_member: "The member column is empty.",
  malformed_id: "The member or the key is not 1 to 128 (key: 200) printable characters.",
  no_key: "A key column is empty.",
  malformed_amount: "The amount is not a number in the mapping's notation.",
  fractional_amount: "The amount has more decimals than the currency, and the mapping says to reject that.",
  amount_too_large: "The amount is above 10^15 minor units.",
  zero_amount: "The amount is zero: nothing to earn or to take back.",
  wrong_sign: "The sign of the amount contradicts the kind of the row.",
  malformed_time: "The time does not fit the mapping's format, or is no time of the calendar.",
  time_in_future: "The time lies in the future, which would move the programme's clock there.",
  malformed_expiry: "The expiry does not fit the mapping's format, or is no time of the calendar.",
  no_expiry: "The expiry is empty, and the mapping says to reject that.",
  duplicate: "The row is identical to an earlier one, and --duplicates reject was given.",
} as const satisfies Record<string, string>;

export type RejectReason = keyof typeof rejectReasons;

/** Why a row was not taken. */
export class Rejection {
  readonly reason: string;
  /** What was found; goes to the rejects file. */
  readonly detail: string;
  constructor(reason: RejectReason, detail: string) {
    this.reason = reason;
    this.detail = detail;
  }
}

const MAX_SHOWN = 60;

/** A cell as a detail shows it. */
export function shown(cell: string): string {
  return JSON.stringify(cell.length > MAX_SHOWN ? `${cell.slice(0, MAX_SHOWN)}…` : cell);
}
