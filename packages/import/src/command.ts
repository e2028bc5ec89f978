import type { EventEmitter } from "node:events";
import type { Readable, Writable } from "node:stream";
import { ClientError } from "@taem/client";
import { ImportRefused } from "./programme-setup.ts";
import { say } from "./progress.ts";
import { UsageError } from "./usage-error.ts";

export interface Terminal {
  /** Standard input, for the file `-`. */
  readonly in: Readable;
  /** For the report. */
  readonly out: Writable;
  /** For everything else. */
  readonly err: Writable;
  /** Source of `SIGINT` and `SIGTERM`; the second one is not caught. */
  readonly signals: EventEmitter;
}

/** What the process exits with. */
export const exitCodes = {
  /** Everything was taken, was there already, or was rejected for a reason in the data. */
  done: 0,
  failed: 1,
  /** Options, mapping or file cannot be used. */
  usage: 2,
  /** No answer, or only "later", for longer than the client waits or until another day; running the same again goes on. */
  unreachable: 3,
  /** The API refuses the import as such: key, programme, rule. */
  refused: 4,
  /** There were rows, and none was taken: most likely the mapping is wrong. */
  nothingTaken: 5,
  /** Stopped by a signal; running the same again goes on. */
  interrupted: 130,
} as const;

export const AGAIN = "Run the same again to go on.";

/** Runs a command, and tells a person why it ended. Resolves with the exit code. */
export async function runCommand(terminal: Terminal, execute: () => Promise<number>): Promise<number> {
  try {
    return await execute();
  } catch (error) {
    const code = exitCodeOf(error);
    if (code === exitCodes.failed) throw error;
    say(terminal.err, "red", `taem import: ${(error as Error).message}`);
    if (code === exitCodes.unreachable) say(terminal.err, "dim", AGAIN);
    return code;
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof ImportRefused) return exitCodes.refused;
  if (error instanceof ClientError) return error.retryable ? exitCodes.unreachable : exitCodes.refused;
  return exitCodes.failed;
}

export function onInterruption(
  signals: EventEmitter,
  tell: () => void,
): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const names = ["SIGINT", "SIGTERM"];
  const unlisten = () => {
    for (const name of names) signals.off(name, interrupt);
  };
  // Listens once: the second signal does what signals do.
  const interrupt = () => {
    unlisten();
    controller.abort();
    tell();
  };
  for (const name of names) signals.on(name, interrupt);
  return { signal: controller.signal, [Symbol.dispose]: unlisten };
}
