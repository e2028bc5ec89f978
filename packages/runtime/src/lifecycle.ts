import type { EventEmitter } from "node:events";
import type { Health } from "./health.ts";
import type { Logger } from "./logger.ts";

/** What an operator can mend: its message says all, and no stack is wanted. */
export class OperatorError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OperatorError";
    this.code = code;
  }
}

/** Something a service starts and stops. `stop` is called only after `start` succeeded. */
export interface Resource {
  readonly name: string;
  /** `stopping` is aborted when the service is to stop before it has started: what takes long then rejects soon. */
  start(stopping: AbortSignal): Promise<void> | void;
  stop(): Promise<void> | void;
}

export interface Running {
  /**
   * Stops in reverse order of starting; every resource is stopped even if another fails. Rejects with the
   * failures.
   */
  stop(): Promise<void>;
}

/**
 * Starts resources one after the other. If one fails, or none is to start any more, those already started are stopped,
 * and the error is thrown.
 */
export async function startResources(
  resources: readonly Resource[],
  logger: Logger,
  stopping: AbortSignal = new AbortController().signal,
): Promise<Running> {
  const started: Resource[] = [];
  const stop = () => stopAll(started, logger);
  for (const resource of resources) {
    try {
      stopping.throwIfAborted();
      await resource.start(stopping);
    } catch (error) {
      if (!stopping.aborted && !(error instanceof OperatorError))
        logger.error({ err: error, resource: resource.name }, "resource did not start");
      await stop().catch(() => undefined); // each failure is logged; the first cause is the one to report
      throw error;
    }
    started.push(resource);
    logger.debug({ resource: resource.name }, "resource started");
  }
  return { stop };
}

async function stopAll(started: Resource[], logger: Logger): Promise<void> {
  const failures: unknown[] = [];
  for (let resource = started.pop(); resource !== undefined; resource = started.pop()) {
    try {
      await resource.stop();
      logger.debug({ resource: resource.name }, "resource stopped");
    } catch (error) {
      logger.error({ err: error, resource: resource.name }, "resource did not stop cleanly");
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "not every resource stopped cleanly");
}

export interface ServiceOptions {
  readonly name: string;
  readonly resources: readonly Resource[];
  readonly logger: Logger;
  readonly health: Pick<Health, "drain">;
  /** Shutdown is abandoned after this many milliseconds. */
  readonly stopLimitMs: number;
  /**
   * Source of `SIGTERM`, `SIGINT`, `uncaughtException` and `unhandledRejection`: the process, unless told.
   */
  readonly signals?: EventEmitter;
}

type Ending = { readonly exitCode: number; readonly reason: string; readonly err?: unknown };

/**
 * Runs a service until it is told to stop or something unforeseen is thrown. Resolves with the exit code: 0
 * after a clean stop, 1 otherwise. The caller exits with it (`process.exit(await runService(...))`), since
 * after an abandoned shutdown something may still hold the event loop. A second signal abandons the shutdown
 * at once. Rejects with the `OperatorError` that kept it from starting.
 */
export async function runService(options: ServiceOptions): Promise<number> {
  const { name, resources, logger, health } = options;
  const endings = listen(options.signals ?? process);
  try {
    const stopping = new AbortController();
    void endings.first.then(() => stopping.abort());
    const starting = startResources(resources, logger, stopping.signal);
    const running = await Promise.race([starting, endings.first.then(() => undefined)]);
    if (running === undefined) return await abandon(starting, endings, options);
    logger.info({}, `${name} is running`);
    return await shutDown(running, await endings.first, endings, options);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    logger.fatal({ err: error }, `${name} did not start`);
    return 1;
  } finally {
    health.drain();
    endings.unlisten();
  }
}

/** A signal during the start: what has started must stop, and what is starting must come to its end first. */
async function abandon(
  starting: Promise<Running>,
  endings: Endings,
  options: ServiceOptions,
): Promise<number> {
  // A start that was broken off has stopped what it had started.
  const stop = async () => (await starting.catch(() => undefined))?.stop();
  return await shutDown({ stop }, await endings.first, endings, options);
}

async function shutDown(
  running: Running,
  ending: Ending,
  endings: Endings,
  { name, logger, health, stopLimitMs }: ServiceOptions,
): Promise<number> {
  health.drain();
  const { exitCode, reason, err } = ending;
  if (err === undefined) logger.info({ reason }, `${name} is stopping`);
  else logger.fatal({ reason, err }, `${name} is stopping`);
  const limit = Promise.withResolvers<string>();
  const timer = setTimeout(() => limit.resolve(`not stopped within ${stopLimitMs} ms`), stopLimitMs);
  try {
    const again = endings.second.then((next) => next.reason);
    const abandoned = await Promise.race([running.stop(), limit.promise, again]);
    if (abandoned === undefined) return exitCode;
    logger.error({ reason: abandoned }, `${name} is abandoning its shutdown`);
    return 1;
  } catch {
    return 1; // each resource's failure is logged where it happened
  } finally {
    clearTimeout(timer);
  }
}

/** Whoever is started by npm has one press of Ctrl-C twice: from the terminal, and from npm. */
const ONE_KEY_MS = 250;

interface Endings {
  readonly first: Promise<Ending>;
  readonly second: Promise<Ending>;
  unlisten(): void;
}

function listen(signals: EventEmitter): Endings {
  const first = Promise.withResolvers<Ending>();
  const second = Promise.withResolvers<Ending>();
  let count = 0;
  let interruptedAt = Number.NEGATIVE_INFINITY;
  const end = (ending: Ending) => (count++ === 0 ? first : second).resolve(ending);
  const interrupt = () => {
    const now = performance.now();
    if (now - interruptedAt > ONE_KEY_MS) end({ exitCode: 0, reason: "SIGINT" });
    interruptedAt = now;
  };
  const listeners: Record<string, (thrown: unknown) => void> = {
    SIGTERM: () => end({ exitCode: 0, reason: "SIGTERM" }),
    SIGINT: interrupt,
    uncaughtException: (err) => end({ exitCode: 1, reason: "uncaughtException", err }),
    unhandledRejection: (err) => end({ exitCode: 1, reason: "unhandledRejection", err }),
  };
  for (const [event, listener] of Object.entries(listeners)) signals.on(event, listener);
  const unlisten = () => {
    for (const [event, listener] of Object.entries(listeners)) signals.off(event, listener);
  };
  return { first: first.promise, second: second.promise, unlisten };
}
