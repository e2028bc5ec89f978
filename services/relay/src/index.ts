export { Relay, type RelayPlatform } from "./relay.ts";
export { relayMigrations } from "./relay-state.ts";
