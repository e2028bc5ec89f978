type UsageCode =
  | "mapping_invalid"
  | "mapping_unreadable"
  | "file_unreadable"
  | "file_too_large"
  | "column_unknown"
  | "state_unusable"
  | "programme_missing"
  | "mapping_missing"
  | "key_missing"
  | "url_invalid";

/** The mapping or the file cannot be used as they are; nothing was sent. */
export class UsageError extends Error {
  readonly code: UsageCode;
  constructor(code: UsageCode, message: string) {
    super(message);
    this.name = "UsageError";
    this.code = code;
  }
}

/** A source that is not what it was taken for. */
export function unfit({ name }: { readonly name: string }, what: string): UsageError {
  return new UsageError("file_unreadable", `${name} ${what}`);
}

/** What the system, or a library, throws where bytes cannot be read, as a `UsageError`; all else as it is. */
export function asUnreadable(source: { readonly name: string }, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code !== "string" || error instanceof UsageError) return error;
  return unfit(source, `cannot be read: ${(error as Error).message}`);
}
