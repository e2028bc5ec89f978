import { clearLine, cursorTo } from "node:readline";
import type { Writable } from "node:stream";
import { styleText } from "node:util";
import { SingleBar } from "cli-progress";
import type { Progress } from "./import-run.ts";
import type { ReadingProgress } from "./reading.ts";
import { printable } from "./text.ts";

export interface ProgressDisplay extends Disposable {
  /** While the file is read, before anything is sent. */
  readonly reading: (progress: ReadingProgress) => void;
  /** Rows of earlier runs are counted, but not into the speed. */
  readonly show: (progress: Progress) => void;
  /** A sentence for the person who waits. */
  readonly note: (text: string) => void;
  /** Leaves the last state standing and says no more. */
  readonly end: () => void;
}

const BETWEEN_LINES_MS = 10_000;
const SENDING = "{percentage} % · {rows} rows · {speed} rows/s · {rejected} rejected · {eta_formatted} left";
const READING = "reading the file: {percentage} % · {lines} lines";
/** Of a source whose end is not known. */
const READING_ON = "reading: {lines} lines";

/** A bar on a terminal; elsewhere a line now and then. `bytes` of the source, as far as they are known. */
export function openProgress(stream: Writable, bytes: number | undefined): ProgressDisplay {
  const isTerminal = "isTTY" in stream && stream.isTTY === true;
  const barOf = (figures: string, hasEnd = true) =>
    new SingleBar({
      stream: stream as NodeJS.WritableStream,
      format: isTerminal && hasEnd ? `{bar} ${figures}` : figures,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 30,
      noTTYOutput: true,
      notTTYSchedule: BETWEEN_LINES_MS,
      etaBuffer: 50,
    });
  const bars = {
    reading: bytes === undefined ? barOf(READING_ON, false) : barOf(READING),
    sending: barOf(SENDING),
  };
  let shown: SingleBar | undefined;
  let since = performance.now();
  /** Not before there is something to show: what goes wrong at once needs no bar. */
  const update = (bar: SingleBar, total: number, done: number, figures: object) => {
    if (shown !== bar) {
      shown?.stop();
      bar.start(total, 0, figures);
      shown = bar;
    }
    bar.update(Math.min(done, total), figures);
  };
  const reading = (progress: ReadingProgress) => {
    since = performance.now();
    const total = bytes ?? Number.MAX_SAFE_INTEGER;
    update(bars.reading, total, progress.bytes, { lines: shownCount(progress.lines) });
  };
  const show = ({ linesInFile, lines, rows, rowsNow, rejected }: Progress) => {
    const speed = Math.round((rowsNow * 1_000) / (performance.now() - since));
    update(bars.sending, linesInFile, lines, {
      rows: shownCount(rows),
      speed: shownCount(speed),
      rejected: shownCount(rejected),
    });
  };
  const note = (text: string) => {
    if (isTerminal && shown !== undefined) {
      cursorTo(stream, 0);
      clearLine(stream, 0);
    }
    say(stream, "dim", text);
  };
  const end = () => shown?.stop();
  return { reading, show, note, end, [Symbol.dispose]: end };
}

function shownCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** A line, coloured on a terminal only. */
export function say(stream: Writable, colour: "dim" | "red" | "yellow", text: string): void {
  stream.write(`${styleText(colour, printable(text), { stream })}\n`);
}
