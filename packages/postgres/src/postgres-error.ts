export type PostgresErrorCode =
  | "database_newer"
  | "database_not_migrated"
  | "migration_changed"
  | "migration_misnumbered"
  | "postgres_binaries_missing"
  | "postgres_init_failed"
  | "postgres_not_kept"
  | "postgres_port_taken"
  | "postgres_start_failed"
  | "postgres_stop_failed"
  | "rows_not_as_expected"
  | "tls_file_unreadable"
  | "transaction_aborted";

/** A failure of ours around the database; what the server itself refuses arrives as pg's own error. */
export class PostgresError extends Error {
  readonly code: PostgresErrorCode;
  constructor(code: PostgresErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PostgresError";
    this.code = code;
  }
}
