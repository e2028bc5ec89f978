import type { EventStore } from "@taem/event-store";
import {
  type AnyContext,
  defineContext,
  type HostingOptions,
  openPlatform,
  type Platform,
  type Projectors,
  permissionsOf,
  readConfig,
  startProgram,
} from "@taem/host";
import type { ApiKeys, Route } from "@taem/http";
import { createTestDatabase } from "@taem/postgres/testing";
import { Statements } from "@taem/principal";
import type { Clock, Environment } from "@taem/runtime";
import { contexts as all, type Ports } from "@taem/taem-service";
import { Api } from "./api.ts";
import { clientKey } from "./client-key.ts";
import { collectingLogger } from "./collecting-logger.ts";

export interface ProgramOptions extends Pick<HostingOptions, "limits" | "handler"> {
  /** Those of the product unless told. */
  readonly contexts?: readonly AnyContext[];
  readonly clock?: Clock;
  /** In place of the log that the environment names; whoever opened it closes it. */
  readonly store?: EventStore;
  /** Comma-separated; all of them unless told. */
  readonly services?: string | undefined;
  /** Settings beside the database's. */
  readonly environment?: Environment;
  /** Stand in for those of the same names. */
  readonly ports?: Partial<Ports>;
  /** Stand in for clients and people. */
  readonly apiKeys?: ApiKeys;
}

/** Services of the product in this process, hosted as the product hosts them. */
export interface HostedProgram extends AsyncDisposable {
  readonly platform: Platform;
  readonly url: string;
  /** Where it tells what it measures. */
  readonly monitorUrl: string;
  /** Those of the product. */
  readonly routes: readonly Route[];
  readonly ports: Ports;
  /** None where it answers no queries. */
  readonly projectors: Projectors;
  /** What it logged as a warning or worse. */
  readonly complaints: readonly string[];
  /** What it logged as an error or worse. */
  readonly errors: readonly string[];
}

/** Runs until disposed. */
export async function hostProgram(
  url: string,
  { contexts = all, clock, store, services, environment, ports = {}, apiKeys, ...hosting }: ProgramOptions,
): Promise<HostedProgram> {
  await using undo = new AsyncDisposableStack();
  const seen: { ports?: Ports; projectors: Projectors } = { projectors: new Map() };
  const test = defineContext({
    name: "test",
    categories: [],
    open: (_, all: Ports) => {
      seen.ports = all;
      return {
        ports,
        queries: (projectors) => {
          seen.projectors = projectors;
          return [];
        },
        ...(apiKeys && { apiKeys }),
      };
    },
  });
  const config = readConfig({
    ...environment,
    DATABASE_URL: url,
    TAEM_PORT: "0",
    TAEM_SERVICES: services,
  });
  const { logger, complaints, errors } = collectingLogger();
  const opened = undo.use(await openPlatform(config, [...contexts, test], logger));
  const platform = { ...opened, ...(clock && { clock }), ...(store && { store }) };
  const program = undo.use(await startProgram(platform, config, hosting));
  const running = undo.move();
  return {
    platform,
    url: program.url,
    monitorUrl: program.monitorUrl,
    routes: program.server.routes.filter(({ path }) => path.startsWith("/v1/")),
    ports: seen.ports as Ports,
    projectors: seen.projectors,
    complaints,
    errors,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The standalone program in this process. */
export interface TestProgram extends HostedProgram {
  /** A caller with every permission. */
  readonly api: Api;
}

/** Runs until disposed. */
export async function startTestProgram(url: string, options: ProgramOptions = {}): Promise<TestProgram> {
  await using undo = new AsyncDisposableStack();
  const program = undo.use(await hostProgram(url, options));
  const permissions = permissionsOf(options.contexts ?? all).names;
  const token = await clientKey(program.platform.store, "test", { permissions });
  const api = undo.use(new Api(program.url, token));
  const running = undo.move();
  return { ...program, api, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** A person at work, in a session: what the console says of whoever has signed in there. */
export function personCaller(
  { url, platform }: Pick<HostedProgram, "url" | "platform">,
  person: string,
  session = "s1",
): Api {
  const expiresAt = platform.clock.now() + 60_000;
  return new Api(url, new Statements(platform).sign({ person, session, expiresAt }));
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
