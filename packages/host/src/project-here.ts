import { parentPort, workerData } from "node:worker_threads";
import { openPool } from "@taem/postgres";
import type { Projector } from "@taem/processing";
import { createLogger, createMetrics, type Metrics, systemClock } from "@taem/runtime";
import { serviceNameOf } from "./config.ts";
import type { AnyContext } from "./context.ts";
import { catalogueOf } from "./contexts.ts";
import { openStore } from "./event-store.ts";
import { projectionsPlayed, startProjectors } from "./projectors.ts";
import { NotThereYet, operatorErrorOf } from "./start-fault.ts";
import type { Errand, FromThread, ToThread } from "./thread-messages.ts";
import { openTracer } from "./tracing.ts";
import { openTransport } from "./transport.ts";

/** Beside those of the thread that takes commands: two for each large projection, and some that the small ones share. */
const CONNECTIONS = 6;

/** The whole of a projection thread (`ProjectionThread`): projects with these contexts until it is told to stop. */
export async function projectHere(contexts: readonly AnyContext[]): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error("this is no thread: start the program instead");
  const tell = (message: FromThread) => port.postMessage(message);
  const stopped = Promise.withResolvers<void>();
  const metrics = createMetrics();
  let projectors: ReadonlyMap<string, Projector> = new Map();
  // From the beginning: who is told to stop while it starts stops when it has started.
  port.on("message", (message: ToThread) => {
    if (message.kind === "stop") stopped.resolve();
    else if (message.kind === "hurry") projectors.get(message.projection)?.hurry();
    else void answerMeasures(metrics, message.request, tell);
  });
  try {
    await using undo = new AsyncDisposableStack();
    projectors = await start(contexts, metrics, tell, undo);
    tell({ kind: "started" });
    await stopped.promise;
  } catch (error) {
    const fault = operatorErrorOf(error, contexts);
    if (fault === undefined) throw error;
    const server = fault instanceof NotThereYet ? fault.server : undefined;
    tell({ kind: "refused", code: fault.code, message: fault.message, server });
  }
  port.close();
}

async function answerMeasures(
  metrics: Metrics,
  request: number,
  tell: (message: FromThread) => void,
): Promise<void> {
  tell({ kind: "measured", request, snapshot: await metrics.snapshot() });
}

async function start(
  contexts: readonly AnyContext[],
  metrics: Metrics,
  tell: (message: FromThread) => void,
  undo: AsyncDisposableStack,
): Promise<ReadonlyMap<string, Projector>> {
  const { config, databaseUrl: url, installation, kafkaKey } = workerData as Errand;
  const service = serviceNameOf(config);
  const destination = { write: (line: string) => tell({ kind: "logged", line }) };
  const logger = createLogger({ service, level: config.TAEM_LOG_LEVEL, destination });
  const log = (message: string, details = {}) => logger.warn(details, message);
  const database = undo.use(openPool({ url, max: CONNECTIONS, applicationName: "taem projections", log }));
  const store = await openStore(config, database, { logger, metrics });
  undo.defer(() => store.close());
  const tracer = undo.use(await openTracer(config, service, logger));
  const clock = systemClock;
  const platform = { contexts, database, store, installation, logger, metrics, clock, tracer };
  const projections = projectionsPlayed(platform, config);
  const catalogue = catalogueOf(contexts);
  const names = projections.map(({ name }) => name);
  const { source } = await openTransport(config, { ...platform, kafkaKey, catalogue, projections: names });
  return startProjectors(
    platform,
    projections,
    {
      source,
      besideWriters: true,
      onProgress: (projection, progress) => tell({ kind: "progress", projection, progress }),
    },
    undo,
  );
}
