import { clearLine, cursorTo } from "node:readline";
import type { Writable } from "node:stream";
import { styleText } from "node:util";
import { SingleBar } from "cli-progress";
import type { Progress } from "./import-run.ts";

export interface ProgressDisplay extends Disposable {
  /** Rows of earlier runs are counted, but not into the speed. */
  readonly show: (progress: Progress) => void;
  /** A sentence for the person who waits. */
  readonly note: (text: string) => void;
  /** Leaves the last state standing and says no more. */
  readonly end: () => void;
}

const BETWEEN_LINES_MS = 10_000;
const FIGURES = "{percentage} % · {rows} rows · {speed} rows/s · {rejected} rejected · {eta_formatted} left";

/** A bar over the file's bytes on a terminal; elsewhere a line now and then. */
export function openProgress(stream: Writable, totalBytes: number): ProgressDisplay {
  const isTerminal = "isTTY" in stream && stream.isTTY === true;
  const bar = new SingleBar({
    stream: stream as NodeJS.WritableStream,
    format: isTerminal ? `{bar} ${FIGURES}` : FIGURES,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 30,
    noTTYOutput: true,
    notTTYSchedule: BETWEEN_LINES_MS,
    etaBuffer: 50,
  });
  const startedAt = performance.now();
  let isShown = false;
  const show = ({ bytes, rows, rowsNow, rejected }: Progress) => {
    // Not before there is something to show: what goes wrong at once needs no bar.
    if (!isShown) bar.start(totalBytes, 0, { rows: "0", speed: "0", rejected: "0" });
    isShown = true;
    const seconds = (performance.now() - startedAt) / 1_000;
    bar.update(Math.min(bytes, totalBytes), {
      rows: rows.toLocaleString("en-US"),
      speed: Math.round(rowsNow / seconds).toLocaleString("en-US"),
      rejected: rejected.toLocaleString("en-US"),
    });
  };
  const note = (text: string) => {
    if (isTerminal && isShown) {
      cursorTo(stream, 0);
      clearLine(stream, 0);
    }
    say(stream, "dim", text);
  };
  const end = () => bar.stop();
  return { show, note, end, [Symbol.dispose]: end };
}

/** A line, coloured on a terminal only. */
export function say(stream: Writable, colour: "dim" | "red" | "yellow", text: string): void {
  stream.write(`${styleText(colour, text, { stream })}\n`);
}
