export { type Asked, countedDatabase } from "./counted-database.ts";
export { openSilentCopy, type SilentCopy } from "./silent-copy.ts";
export type { TcpProxy } from "./tcp-proxy.ts";
export { openTcpProxy } from "./tcp-proxy.ts";
export type { TestDatabase } from "./test-database.ts";
export { createTestDatabase } from "./test-database.ts";
