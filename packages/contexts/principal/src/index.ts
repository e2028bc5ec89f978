export { clientRoutes } from "./api/client-routes.ts";
export { Authenticator, type AuthenticatorOptions } from "./authenticator.ts";
export { type ApiKey, type Client, type ClientRefusal, isLive, type NewClient } from "./client.ts";
export { type Asking, Clients, type ClientsOptions, type KeyTerms, type MintedKey } from "./clients.ts";
export { principal } from "./context.ts";
export { adoptEarlierKeys } from "./earlier-keys.ts";
export { type KeyDatabase, KeyUses, principalMigrations } from "./key-uses.ts";
export { requireSecond } from "./second-principal.ts";
export { type KeyName, keyId, parseKeyId } from "./token.ts";
