import type { RejectReason } from "./reject-reasons.ts";

/** One row of the file; a blank line is a row without cells. */
export interface FileRow {
  /** Line of the file on which the row begins, from 1; of a workbook the row's number in its sheet. */
  readonly line: number;
  /** Lines that it takes up. */
  readonly lines: number;
  /** Trimmed. */
  readonly cells: readonly string[];
  /** Why it could not be taken apart. */
  readonly fault?: { readonly reason: RejectReason; readonly detail: string };
  /** Of a row over several lines: delimiters on each. */
  readonly delimiters?: readonly number[];
}
