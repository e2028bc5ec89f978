import type { CommandHandler } from "@taem/event-store";
import { createMonitor, createServer, type Limits, type Route, type Server, Tokens } from "@taem/http";
import { newId, OperatorError, type Tracer } from "@taem/runtime";
import { asProblem } from "./caller.ts";
import { type HandlerConfig, openCommandHandler } from "./command-handler.ts";
import { type Config, serviceNameOf } from "./config.ts";
import type { OpenContext, Process, Projectors } from "./context.ts";
import { asDescribed, catalogueOf, permissionsOf, problemsOf } from "./contexts.ts";
import { limitsOf } from "./limit-settings.ts";
import { LogWatch } from "./log-watch.ts";
import type { Platform } from "./platform.ts";
import { ProjectionThread } from "./projection-thread.ts";
import { projectionsPlayed, startProjectors } from "./projectors.ts";
import { whoReadAnotherLog } from "./readers.ts";
import { openTracer } from "./tracing.ts";
import { openTransport, type Transport } from "./transport.ts";

/** Longer than the report of a large programme takes to its first row. */
const READ_SILENCE_MS = 30_000;

/** The services of a process, behind one address. */
export interface Program extends AsyncDisposable {
  /** Where it is served. */
  readonly url: string;
  /** Whether contexts serve routes there: a relay, or a scheduler, has none. */
  readonly hasApi: boolean;
  /** Where it tells what it measures, and whether it works. */
  readonly monitorUrl: string;
  readonly server: Server;
}

export interface HostingOptions {
  /**
   * A module that calls `projectHere` with the same contexts: a process that takes commands projects in a thread of its own
   * (`ProjectionThread`) where it is told of one, and where that is not set otherwise.
   */
  readonly projectionThread?: URL | undefined;
  /** Of the server. */
  readonly limits?: Partial<Limits>;
  /** Of the command handler. */
  readonly handler?: HandlerConfig;
}

/** Hosts the platform's contexts, in the roles that the configuration names, and serves them. */
export async function startProgram(
  given: Platform,
  config: Config,
  { projectionThread: thread, limits = {}, handler = {} }: HostingOptions = {},
): Promise<Program> {
  await using undo = new AsyncDisposableStack();
  const tracer = undo.use(await openTracer(config, serviceNameOf(config), given.logger));
  const platform = { ...given, tracer };
  const { logger, metrics, health, clock } = platform;
  const watch = new LogWatch(async () => {
    // A clock that was doubted is so until it is compared again.
    await given.clocks.assertAgreed().catch(() => undefined);
    return await whoReadAnotherLog(platform, config);
  }, logger);
  watch.start();
  undo.defer(() => watch.stop());
  const contexts = openContexts(platform, handler, watch, undo);
  const catalogue = catalogueOf(given.contexts);
  const projections = projectionsPlayed(platform, config).map(({ name }) => name);
  const transport = await openTransport(config, { ...platform, catalogue, projections });
  const { routes, readers, projectors } = await playRoles(
    { platform, config, contexts, transport, thread },
    undo,
  );
  health.addLiveness("log", () => {
    if (watch.found !== undefined) throw watch.found;
  });
  health.addReadiness("log", () => {
    if (watch.found !== undefined) throw watch.found;
    for (const reader of readers) reader.assertOfThisLog();
  });
  health.addReadiness("events", () => {
    for (const projector of projectors.values()) projector.assertReading();
  });
  const apiKeys = contexts.findLast((context) => context.apiKeys !== undefined)?.apiKeys;
  if (apiKeys === undefined) throw new Error("no context says who callers are");
  const monitor = undo.use(createMonitor({ logger, metrics, health }));
  const server = undo.use(
    createServer({
      info: {
        title: "Taem",
        version: "1",
        description: "A points ledger: the system of record behind loyalty programmes.",
      },
      routes,
      problems: problemsOf(given.contexts),
      asProblem,
      permissions: permissionsOf(given.contexts),
      apiKeys,
      logger,
      metrics,
      health,
      clock,
      tracer,
      limits: { ...limitsOf(config), ...limits },
      trustedProxies: config.TAEM_TRUSTED_PROXIES,
    }),
  );
  const url = await server.listen(config.TAEM_PORT, config.TAEM_HOST);
  const monitorUrl = await monitor
    .listen(config.TAEM_METRICS_PORT, config.TAEM_METRICS_HOST)
    .catch(namingItsSetting);
  const started = undo.move();
  const hasApi = routes.length > 0;
  return { url, monitorUrl, hasApi, server, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** It may be an address that nobody has thought of, beside the API's. */
function namingItsSetting(error: unknown): never {
  if (!(error instanceof OperatorError)) throw error;
  throw new OperatorError(error.code, `${error.message}, by TAEM_METRICS_PORT or TAEM_METRICS_HOST`, {
    cause: error,
  });
}

type Traced = Platform & { readonly tracer: Tracer | undefined };

function openContexts(
  platform: Traced,
  config: HandlerConfig,
  watch: LogWatch,
  undo: AsyncDisposableStack,
): readonly OpenContext<object>[] {
  let handler: CommandHandler | undefined;
  // Whenever it is made: the first who asks may be a worker, long after the start.
  undo.defer(() => handler?.close());
  const process: Process = {
    ...platform,
    readModels: platform.database.within(READ_SILENCE_MS),
    newId,
    tokens: new Tokens(platform),
    permissions: permissionsOf(platform.contexts),
    handler() {
      const barred = () => watch.found ?? platform.clocks.doubt;
      handler ??= openCommandHandler({ ...platform, barred }, config);
      return handler;
    },
    assertClocksAgree: () => platform.clocks.assertAgreed(),
  };
  const ports = {};
  return platform.contexts.map((context): OpenContext<object> => {
    const opened = asDescribed(context, context.open(process, ports) as OpenContext<object>);
    undo.defer(() => opened.close?.());
    Object.assign(ports, opened.ports);
    return opened;
  });
}

interface Cast {
  readonly platform: Traced;
  readonly config: Config;
  readonly contexts: readonly OpenContext<object>[];
  readonly transport: Transport;
  readonly thread: URL | undefined;
}

/** Something that has read the log. */
interface Reader {
  /** Throws where the log is not the one that it has read. */
  assertOfThisLog(): void;
}

interface Roles {
  readonly routes: readonly Route[];
  readonly readers: readonly Reader[];
  readonly projectors: Projectors;
}

/** Starts what this process does of its contexts; each ends before what it stands on. */
async function playRoles(cast: Cast, undo: AsyncDisposableStack): Promise<Roles> {
  const { platform, config, contexts, transport } = cast;
  const plays = (role: Config["TAEM_SERVICES"][number]) => config.TAEM_SERVICES.includes(role);
  const routes = plays("commands") ? contexts.flatMap(({ commands }) => commands?.() ?? []) : [];
  const readers: Reader[] = [];
  if (plays("relay") && transport.kafka !== undefined) {
    const { Relay } = await import("@taem/kafka");
    const relay = new Relay({ ...platform, ...transport.kafka });
    await relay.start();
    readers.push(relay);
    undo.defer(() => relay.stop());
  }
  const projectors = await project(cast, undo);
  readers.push(...projectors.values());
  if (plays("ledger")) routes.push(...contexts.flatMap(({ queries }) => queries?.(projectors) ?? []));
  if (plays("scheduler")) {
    for (const worker of contexts.flatMap(({ reactions }) => reactions?.() ?? [])) {
      worker.start();
      undo.defer(() => worker.stop());
    }
  }
  return { routes, readers, projectors };
}

async function project(
  { platform, config, transport: { source }, thread: entry }: Cast,
  undo: AsyncDisposableStack,
): Promise<Projectors> {
  const projections = projectionsPlayed(platform, config);
  const besideWriters = config.TAEM_SERVICES.includes("commands");
  if (!besideWriters || projections.length === 0 || entry === undefined || !config.TAEM_PROJECTION_THREAD)
    return await startProjectors(platform, projections, { source, besideWriters }, undo);
  const thread = undo.use(await ProjectionThread.start(entry, platform, config, projections));
  return thread.projectors;
}
