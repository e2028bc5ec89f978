export { byteaArray, bytesArray, int4Array, int8Array, textArray, uuidArray } from "./array-parameters.ts";
export {
  isConnectionLost,
  isLockTimeout,
  isLoginRefused,
  isRolledBack,
  isUnavailable,
} from "./connection-loss.ts";
export { type ConnectionTarget, connectionTarget } from "./connection-target.ts";
export type {
  Database,
  PoolOptions,
  Queryable,
  Result,
  Transaction,
  Transactional,
  TransactionOptions,
} from "./database.ts";
export { openPool } from "./database.ts";
export type { EmbeddedPostgres, EmbeddedPostgresOptions } from "./embedded-postgres.ts";
export { startEmbeddedPostgres } from "./embedded-postgres.ts";
export type { Listener } from "./listener.ts";
export type { Log } from "./log.ts";
export type { Migration } from "./migration.ts";
export { migrate } from "./migration.ts";
export { PostgresError } from "./postgres-error.ts";
export type { Statement } from "./statement.ts";
export { type Expectation, type Value, Writes } from "./writes.ts";
