export { restrictAccess } from "./access.ts";
export { type ConnectionTarget, connectionTarget } from "./connection-string.ts";
export { type EsdbEventStoreOptions, openEsdbEventStore } from "./esdb-event-store.ts";
export { EsdbError, type EsdbErrorCode } from "./failures.ts";
