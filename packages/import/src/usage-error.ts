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
