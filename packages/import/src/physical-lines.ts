import { UsageError } from "./usage-error.ts";

/** One line of a text file. */
export interface Line {
  readonly text: string;
  /** What ends it: `\n`, `\r\n`, `\r`, or nothing at the end of the file. */
  readonly end: string;
}

/** Characters. What is longer is no line of a table. */
export const MAX_LINE = 16 * 2 ** 20;

const LINE_END = /(\r\n|\n|\r)/;

/**
 * Cuts a text into its lines, a batch for each piece of text. This is the one place that says what a line of a file
 * is: all counts of lines are counts of these.
 */
export async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<Line[]> {
  /** The beginning of a line, and a `\r` after it of which it is not known yet whether a `\n` follows. */
  let rest = "";
  let held = "";
  let before = 0;
  for await (const piece of text) {
    if (held === "" && !/[\r\n]/.test(piece)) {
      rest += piece;
    } else {
      const whole = rest + held + piece;
      held = whole.endsWith("\r") ? "\r" : "";
      const parts = whole.slice(0, whole.length - held.length).split(LINE_END);
      rest = parts.pop() as string;
      const lines = paired(parts);
      before += lines.length;
      if (lines.length > 0) yield lines;
    }
    if (rest.length <= MAX_LINE) continue;
    const longest = MAX_LINE.toLocaleString("en-US");
    throw new UsageError("file_unreadable", `line ${before + 1} is longer than ${longest} characters`);
  }
  if (rest + held !== "") yield [{ text: rest, end: held }];
}

function paired(parts: readonly string[]): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    lines.push({ text: parts[at] as string, end: parts[at + 1] as string });
  }
  return lines;
}
