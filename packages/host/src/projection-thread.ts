import { Worker } from "node:worker_threads";
import { ProgressBoard, type Projection } from "@taem/processing";
import { type MetricsSnapshot, OperatorError, writeLogLine } from "@taem/runtime";
import type { Config } from "./config.ts";
import type { Projectors } from "./context.ts";
import type { Platform } from "./platform.ts";
import { NotThereYet } from "./start-fault.ts";
import type { Errand, FromThread, ToThread } from "./thread-messages.ts";

type Refused = Extract<FromThread, { readonly kind: "refused" }>;

function refusalOf({ code, message, server }: Refused): OperatorError {
  return server === undefined ? new OperatorError(code, message) : new NotThereYet(server, code, message);
}

/**
 * Has another thread of this process project, so that no command waits for folding and writing rows. Who answers from the
 * tables, in this thread, sees the projectors as if they ran here; what the thread logs and measures is told here.
 */
export class ProjectionThread implements AsyncDisposable {
  /** Of each projection. */
  readonly projectors: Projectors;
  readonly #worker: Worker;
  readonly #boards: ReadonlyMap<string, ProgressBoard>;
  readonly #started = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #measuring = new Map<number, (snapshot: MetricsSnapshot) => void>();
  #requests = 0;
  #hasStarted = false;
  #isStopping = false;

  private constructor(
    entry: URL,
    { database, databaseUrl, installation, kafkaKey }: Platform,
    config: Config,
    names: readonly string[],
  ) {
    const errand: Errand = { config, databaseUrl, installation, kafkaKey };
    this.#worker = new Worker(entry, { workerData: errand });
    this.#boards = new Map(
      names.map((name) => {
        const hurry = () => this.#tell({ kind: "hurry", projection: name });
        return [name, new ProgressBoard({ projection: { name }, database, hurry })];
      }),
    );
    this.projectors = this.#boards;
    this.#worker.on("message", (message: FromThread) => this.#hear(message));
    let cause: Error | undefined;
    this.#worker.on("error", (error) => {
      cause = error;
    });
    this.#worker.on("exit", (code) => this.#end(code, cause));
  }

  /**
   * `entry` is a module that calls `projectHere` with the program's contexts. Throws what the start of a projector throws, with
   * its code. What the thread does not expect later ends the process, as it would here.
   */
  static async start(
    entry: URL,
    platform: Platform,
    config: Config,
    projections: readonly Projection[],
  ): Promise<ProjectionThread> {
    const names = projections.map(({ name }) => name);
    const thread = new ProjectionThread(entry, platform, config, names);
    await thread.#started.promise;
    thread.#hasStarted = true;
    platform.metrics.include(() => thread.#measure());
    return thread;
  }

  /** Ends after the batches that are being applied. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    this.#tell({ kind: "stop" });
    await this.#ended.promise;
    for (const board of this.#boards.values()) board.close();
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromThread): void {
    switch (message.kind) {
      case "started":
        return this.#started.resolve();
      case "refused":
        return this.#started.reject(refusalOf(message));
      case "progress":
        return this.#boards.get(message.projection)?.update(message.progress);
      case "measured":
        return this.#measuring.get(message.request)?.(message.snapshot);
      case "logged":
        return writeLogLine(message.line);
    }
  }

  #end(code: number, cause: Error | undefined): void {
    this.#ended.resolve();
    if (this.#isStopping && cause === undefined) return;
    const how = cause === undefined ? `exited with ${code}` : "died";
    const error = new Error(`the projection thread has ${how}`, { cause });
    if (this.#hasStarted) throw error; // uncaught: whatever else the process does, it no longer does all that it should
    this.#started.reject(error);
  }

  async #measure(): Promise<MetricsSnapshot> {
    const request = this.#requests++;
    const { promise, resolve } = Promise.withResolvers<MetricsSnapshot>();
    this.#measuring.set(request, resolve);
    this.#tell({ kind: "measure", request });
    const snapshot = await Promise.race([promise, this.#ended.promise]);
    this.#measuring.delete(request);
    return snapshot ?? [];
  }
}
