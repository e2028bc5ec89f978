import {
  type CounterMetric,
  type HistogramMetric,
  LATENCY_BUCKETS,
  type Logger,
  type Metrics,
} from "@taem/runtime";
import type { ProblemCode } from "./problems.ts";
import type { Route } from "./route.ts";

/** Counts, measures and logs what a server does: one line and one observation a request. */
export class Traffic {
  running = 0;
  readonly #logger: Logger;
  readonly #seconds: HistogramMetric<"method" | "route" | "status">;
  readonly #problems: CounterMetric<"route" | "code">;
  readonly #lines: CounterMetric<"route">;

  constructor(logger: Logger, metrics: Metrics) {
    this.#logger = logger;
    this.#seconds = metrics.histogram({
      name: "taem_http_request_seconds",
      help: "Time from the head of a request to its answer.",
      labels: ["method", "route", "status"],
      buckets: LATENCY_BUCKETS,
    });
    this.#problems = metrics.counter({
      name: "taem_http_problems_total",
      help: "Requests answered with a problem.",
      labels: ["route", "code"],
    });
    this.#lines = metrics.counter({
      name: "taem_http_bulk_lines_total",
      help: "Lines of bulk requests.",
      labels: ["route"],
    });
  }

  begin(): void {
    this.running += 1;
  }

  /**
   * `startedAt` is of `performance.now()`. The path itself is not logged: it can hold a caller's id of a
   * person.
   */
  end(
    { method, path, scopes }: Route,
    status: number,
    startedAt: number,
    correlationId: string,
    keyId: string | undefined,
    problem: ProblemCode | undefined,
  ): void {
    this.running -= 1;
    const durationMs = Math.round((performance.now() - startedAt) * 1_000) / 1_000;
    this.#seconds.observe({ method, route: path, status }, durationMs / 1_000);
    if (problem !== undefined) this.#problems.add({ route: path, code: problem });
    const fields = { correlationId, method, route: path, status, durationMs, keyId, problem };
    if (scopes === undefined)
      this.#logger.debug(fields, "request"); // probes and scrapes, every few seconds
    else this.#logger.info(fields, "request");
  }

  lines(route: Route, count: number): void {
    this.#lines.add({ route: route.path }, count);
  }
}
