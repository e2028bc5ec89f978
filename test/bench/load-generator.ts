import { Latencies } from "./latencies.ts";
import { LoadConnection } from "./load-connection.ts";
import { Schedule } from "./schedule.ts";

/** One request as it goes over the wire, in ASCII. */
export type NextRequest = () => string;

export interface LoadOptions {
  readonly port: number;
  /** Connections, each with one request under way. */
  readonly clients: number;
  readonly next: NextRequest;
  readonly until: { readonly seconds: number } | { readonly requests: number };
  /**
   * Requests offered a second, whether or not those before were answered; their latency then counts from the instant
   * they were due. Without it each client sends again as soon as it has its answer.
   */
  readonly perSecond?: number;
  /** Told about once a second. */
  readonly onProgress?: (progress: LoadProgress) => void;
}

export interface LoadProgress {
  readonly answers: number;
  readonly seconds: number;
}

export interface LoadResult {
  /** Answers within `seconds`. */
  readonly answers: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Requests of the rate offered that no client was free to send within a second. */
  readonly missed: number;
}

const TICK_MS = 1;
const PROGRESS_MS = 1_000;

/**
 * Drives a server with plain sockets, so that the generator takes little of the cores it shares with it. Rejects at
 * the first answer that is not 200 or 201, or has a problem in one of its lines: it would make every figure worthless.
 */
export async function generateLoad(options: LoadOptions): Promise<LoadResult> {
  return await new LoadGenerator(options).run();
}

class LoadGenerator {
  readonly #options: LoadOptions;
  readonly #begin = performance.now();
  readonly #until: number;
  #requestsLeft: number;
  readonly #schedule: Schedule | undefined;
  /** Wait for a request to be due. */
  readonly #free: LoadConnection[] = [];
  readonly #latencies = new Latencies();

  constructor(options: LoadOptions) {
    const { until, perSecond } = options;
    this.#options = options;
    this.#until = "seconds" in until ? this.#begin + until.seconds * 1_000 : Number.POSITIVE_INFINITY;
    this.#requestsLeft = "requests" in until ? until.requests : Number.POSITIVE_INFINITY;
    if (perSecond !== undefined) this.#schedule = new Schedule(this.#begin, perSecond);
  }

  async run(): Promise<LoadResult> {
    const { port, clients } = this.#options;
    const connections = Array.from(
      { length: clients },
      () => new LoadConnection(port, (connection, sentAt) => this.#answered(connection, sentAt)),
    );
    const timers = [setInterval(() => this.#report(), PROGRESS_MS)];
    if (this.#schedule !== undefined) timers.push(setInterval(() => this.#tick(), TICK_MS));
    try {
      for (const connection of connections) this.#feed(connection, performance.now());
      await Promise.all(connections.map(({ ended }) => ended));
      return this.#result(Math.min(performance.now(), this.#until));
    } finally {
      for (const timer of timers) clearInterval(timer);
      for (const connection of connections) connection.close();
    }
  }

  #answered(connection: LoadConnection, sentAt: number): void {
    const now = performance.now();
    if (now <= this.#until) this.#latencies.add(now - sentAt);
    this.#feed(connection, now);
  }

  #feed(connection: LoadConnection, now: number): void {
    if (now >= this.#until || this.#requestsLeft === 0) {
      connection.close();
      return;
    }
    const due = this.#schedule === undefined ? now : this.#schedule.take(now);
    if (due === undefined) {
      this.#free.push(connection);
      return;
    }
    this.#requestsLeft--;
    connection.send(this.#options.next(), due);
  }

  #tick(): void {
    const now = performance.now();
    for (const connection of this.#free.splice(0)) this.#feed(connection, now);
  }

  #report(): void {
    const seconds = (performance.now() - this.#begin) / 1_000;
    this.#options.onProgress?.({ answers: this.#latencies.total, seconds });
  }

  #result(end: number): LoadResult {
    const answers = this.#latencies.total;
    const seconds = (end - this.#begin) / 1_000;
    return {
      answers,
      seconds,
      perSecond: answers / seconds,
      p50: this.#latencies.quantile(0.5),
      p99: this.#latencies.quantile(0.99),
      missed: this.#schedule?.missed ?? 0,
    };
  }
}
