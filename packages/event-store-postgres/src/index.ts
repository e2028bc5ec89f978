export { eventDigest } from "./event-digest.ts";
export { EventLogDamaged } from "./event-rows.ts";
export { grantLog } from "./grants.ts";
export type { VerifiedPage } from "./log-verification.ts";
export type { PostgresEventStore, PostgresEventStoreOptions } from "./postgres-event-store.ts";
export { migrateLog, openPostgresEventStore } from "./postgres-event-store.ts";
export { migrateSnapshots, openPostgresSnapshots } from "./snapshot-store.ts";
