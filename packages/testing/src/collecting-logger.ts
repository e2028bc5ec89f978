import type { Logger } from "@taem/runtime";

export interface CollectingLogger {
  readonly logger: Logger;
  /** Every line but those for debugging. */
  readonly lines: string[];
  /** Lines logged as a warning or worse. */
  readonly complaints: string[];
  /** Those of them that are an error or worse. */
  readonly errors: string[];
}

/** A logger that keeps what a test may have to ask about. */
export function collectingLogger(): CollectingLogger {
  const lines: string[] = [];
  const complaints: string[] = [];
  const errors: string[] = [];
  const into =
    (...lists: readonly string[][]) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void => {
      for (const list of lists) list.push(`${message} ${JSON.stringify(fields, describeError)}`);
    };
  const logger: Logger = {
    isDebug: false,
    debug: into(),
    info: into(lines),
    warn: into(lines, complaints),
    error: into(lines, complaints, errors),
    fatal: into(lines, complaints, errors),
    child: () => logger,
  };
  return { logger, lines, complaints, errors };
}

function describeError(_: string, value: unknown): unknown {
  return value instanceof Error ? `${value.name}: ${value.message}` : value;
}
