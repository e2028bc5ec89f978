export { Relay, type RelayPlatform } from "./relay.ts";
export { RelayTable, relayMigrations } from "./relay-state.ts";
