import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { RowName } from "./rows.ts";

/** What a row's thread is asked for. */
export interface Task {
  /** To be measured. */
  readonly operations: number;
  /** Before them, so that the processor's caches hold what they need. */
  readonly leadIn?: number;
  /** At least so much before all, so that what is busy is compiled. */
  readonly warmUp?: { readonly operations: number; readonly micros: number };
}

export interface Outcome {
  /** CPU. */
  readonly micros: number;
  /** By which the heap has grown: what was allocated, unless garbage was collected meanwhile. */
  readonly bytes: number;
}

/** The size that `npm start` gives the young generation: three semi-spaces. */
const YOUNG_MB = 96;

/** A row in a thread of its own. */
export class RowThread implements AsyncDisposable {
  readonly name: RowName;
  readonly #worker: Worker;

  private constructor(name: RowName, worker: Worker) {
    this.name = name;
    this.#worker = worker;
  }

  static async start(name: RowName): Promise<RowThread> {
    const worker = new Worker(new URL("./row-worker.ts", import.meta.url), {
      workerData: name,
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    await once(worker, "message");
    return new RowThread(name, worker);
  }

  /** One task at a time. Rejects with what the row fails with. */
  async perform(task: Task): Promise<Outcome> {
    this.#worker.postMessage(task);
    const [outcome] = await once(this.#worker, "message");
    return outcome as Outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
