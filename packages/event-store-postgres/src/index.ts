export { eventDigest } from "./event-digest.ts";
export { EventLogDamaged } from "./event-rows.ts";
export type { Damage, VerifiedPage } from "./log-verification.ts";
export type { PostgresEventStore, PostgresEventStoreOptions } from "./postgres-event-store.ts";
export { openPostgresEventStore } from "./postgres-event-store.ts";
export { openPostgresSnapshots } from "./snapshot-store.ts";
