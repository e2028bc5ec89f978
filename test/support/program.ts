import { createApiKey, SCOPES } from "@taem/http";
import { createTestDatabase } from "@taem/postgres/testing";
import type { Clock } from "@taem/runtime";
import { openPlatform, type Platform, readConfig, startProgram } from "@taem/standalone";
import { Api } from "./api.ts";

/** The whole standalone program in this process, on a database of its own. */
export interface TestProgram extends AsyncDisposable {
  readonly platform: Platform;
  /** A caller with every scope. */
  readonly api: Api;
}

/** A database that outlives the programs on it. */
export interface TestInstallation extends AsyncDisposable {
  start(clock?: Clock): Promise<TestProgram>;
}

export async function createInstallation(): Promise<TestInstallation> {
  const database = await createTestDatabase();
  return {
    start: (clock) => start(database.url, clock),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

async function start(url: string, clock: Clock | undefined): Promise<TestProgram> {
  await using undo = new AsyncDisposableStack();
  const config = readConfig({ DATABASE_URL: url, TAEM_PORT: "0", TAEM_LOG_LEVEL: "silent" });
  const opened = undo.use(await openPlatform(config));
  const platform = clock === undefined ? opened : { ...opened, clock };
  const program = undo.use(await startProgram(platform, config));
  const { token } = await createApiKey(platform.apiKeyStore, {
    name: "test",
    programme: null,
    scopes: SCOPES,
  });
  const api = undo.use(new Api(program.url, token));
  const running = undo.move();
  return { platform, api, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
