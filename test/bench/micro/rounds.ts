import { median } from "../median.ts";
import { RowThread } from "./row-thread.ts";
import { ROW_NAMES, type RowName } from "./rows.ts";

export interface MicroOptions {
  readonly rounds: number;
  /** CPU of a row in a round. */
  readonly roundMs: number;
  /** Before the first round. */
  readonly warmUp: { readonly operations: number; readonly micros: number };
}

export interface RowResult {
  readonly name: RowName;
  /** CPU of an operation in the best round. */
  readonly micros: number;
  /** How many operations of the calibration row that is. */
  readonly ratio: number;
  /** By which share the middle round was worse. */
  readonly spread: number;
  /** Heap that an operation allocates. */
  readonly bytes: number;
}

/** Rows do as many at a time, so a round is a multiple of it. */
const AT_ONCE = 64;
/** So few that mostly no garbage is collected meanwhile; the middle of several has seen none. */
const ALLOCATING = { operations: AT_ONCE };
const ALLOCATING_ROUNDS = 9;
/** Operations by which it is found how many take a round; the best of several, so that a round is not too short. */
const GAUGE = { operations: 256, leadIn: 256 };
const GAUGES = 3;
/** Of a round's operations, before those that are measured. */
const LEAD_IN = 0.25;

/**
 * Measures all rows in turn, again and again, so that what disturbs the machine disturbs all alike. The best round tells of
 * the row and not of the machine's other work; garbage is collected in few rounds, and is told as bytes.
 */
export async function measureRows({ rounds, roundMs, warmUp }: MicroOptions): Promise<RowResult[]> {
  await using resources = new AsyncDisposableStack();
  const threads = await Promise.all(ROW_NAMES.map((name) => RowThread.start(name)));
  const samplers = threads.map((thread) => new Sampler(resources.use(thread)));
  for (const sampler of samplers) await sampler.prepare(warmUp, roundMs);
  for (let i = 0; i < rounds; i++) for (const sampler of samplers) await sampler.time();
  for (const sampler of samplers) await sampler.allocate();
  const unit = (samplers[ROW_NAMES.indexOf("calibration")] as Sampler).best;
  return samplers.map((sampler) => sampler.result(unit));
}

class Sampler {
  /** Of an operation, by round. */
  readonly #micros: number[] = [];
  readonly #bytes: number[] = [];
  readonly #thread: RowThread;
  #operations = 1;

  constructor(thread: RowThread) {
    this.#thread = thread;
  }

  async prepare(warmUp: MicroOptions["warmUp"], roundMs: number): Promise<void> {
    const gauged = [(await this.#thread.perform({ ...GAUGE, warmUp })).micros];
    while (gauged.length < GAUGES) gauged.push((await this.#thread.perform(GAUGE)).micros);
    const operations = (roundMs * 1_000 * GAUGE.operations) / Math.max(1, Math.min(...gauged));
    this.#operations = Math.ceil(operations / AT_ONCE) * AT_ONCE;
  }

  async time(): Promise<void> {
    const operations = this.#operations;
    const leadIn = Math.ceil((operations * LEAD_IN) / AT_ONCE) * AT_ONCE;
    const { micros } = await this.#thread.perform({ operations, leadIn });
    this.#micros.push(micros / operations);
  }

  async allocate(): Promise<void> {
    for (let i = 0; i < ALLOCATING_ROUNDS; i++) {
      const { bytes } = await this.#thread.perform(ALLOCATING);
      this.#bytes.push(bytes / ALLOCATING.operations);
    }
  }

  get best(): number {
    return Math.min(...this.#micros);
  }

  result(unit: number): RowResult {
    const micros = this.best;
    return {
      name: this.#thread.name,
      micros,
      ratio: micros / unit,
      spread: median(this.#micros) / micros - 1,
      bytes: median(this.#bytes),
    };
  }
}
