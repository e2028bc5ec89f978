import {
  type AnyContext,
  openPlatform,
  type Platform,
  permissionsOf,
  readConfig,
  startProgram,
} from "@taem/host";
import { createTestDatabase } from "@taem/postgres/testing";
import type { Clock, Environment } from "@taem/runtime";
import { contexts as all } from "@taem/taem-service";
import { Api } from "./api.ts";
import { clientKey } from "./client-key.ts";
import { collectingLogger } from "./collecting-logger.ts";

/** The standalone program in this process. */
export interface TestProgram extends AsyncDisposable {
  readonly platform: Platform;
  /** A caller with every permission. */
  readonly api: Api;
  /** What it logged as an error. */
  readonly errors: readonly string[];
}

export interface ProgramOptions {
  /** Those of the product unless told. */
  readonly contexts?: readonly AnyContext[];
  readonly clock?: Clock;
  /** Comma-separated; all of them unless told. */
  readonly services?: string;
  /** Settings beside the database's. */
  readonly environment?: Environment;
}

/** A database that outlives the programs on it. */
export interface TestInstallation extends AsyncDisposable {
  readonly url: string;
  start(options?: ProgramOptions): Promise<TestProgram>;
}

/** `environment` is that of every program on it. */
export async function createInstallation(environment: Environment = {}): Promise<TestInstallation> {
  const database = await createTestDatabase();
  return {
    url: database.url,
    start: (options) => startTestProgram(database.url, { environment, ...options }),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** Runs until disposed. */
export async function startTestProgram(
  url: string,
  { clock, services, environment = {}, contexts = all }: ProgramOptions = {},
): Promise<TestProgram> {
  await using undo = new AsyncDisposableStack();
  const config = readConfig({
    ...environment,
    DATABASE_URL: url,
    TAEM_PORT: "0",
    TAEM_SERVICES: services,
  });
  const { logger, errors } = collectingLogger();
  const opened = undo.use(await openPlatform(config, contexts, logger));
  const platform = clock === undefined ? opened : { ...opened, clock };
  const program = undo.use(await startProgram(platform, config));
  const permissions = permissionsOf(contexts).names;
  const token = await clientKey(platform.store, "test", { permissions });
  const api = undo.use(new Api(program.url, token));
  const running = undo.move();
  return { platform, api, errors, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
