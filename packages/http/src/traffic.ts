import {
  type CounterMetric,
  type HistogramMetric,
  LATENCY_BUCKETS,
  type Logger,
  type Metrics,
  type RequestSpan,
  type Tracer,
} from "@taem/runtime";
import type { OwnProblem } from "./problems.ts";
import type { Route } from "./route.ts";

/** A request that has been answered. */
export interface Answered {
  readonly status: number;
  /** Of `performance.now()`. */
  readonly startedAt: number;
  readonly correlationId: string;
  /** Of the API key that it came with. */
  readonly keyId: string | undefined;
  readonly problem: string | undefined;
  readonly span: RequestSpan | undefined;
}

/** Problems that somebody is called for. A counter that nobody has seen at 0 hides its first increase. */
const ALARMING: readonly OwnProblem[] = ["internal", "outcome_unknown", "overloaded", "stream_damaged"];

/** Counts, measures, logs and traces what a server does: one line, one observation and at most one span a request. */
export class Traffic {
  running = 0;
  readonly #logger: Logger;
  readonly #tracer: Tracer | undefined;
  readonly #seconds: HistogramMetric<"method" | "route" | "status">;
  readonly #problems: CounterMetric<"route" | "code">;
  readonly #lines: CounterMetric<"route">;
  /** A logger for each route that was called, which has its method and path in it as text. */
  readonly #loggers = new Map<Route, Logger>();

  constructor(logger: Logger, metrics: Metrics, tracer: Tracer | undefined) {
    this.#logger = logger;
    this.#tracer = tracer;
    this.#seconds = metrics.histogram({
      name: "taem_http_request_seconds",
      help: "Time from the head of a request to its answer.",
      labels: ["method", "route", "status"],
      buckets: LATENCY_BUCKETS,
    });
    this.#problems = metrics.counter({
      name: "taem_http_problems_total",
      help: "Requests, and lines of bulk requests, answered with a problem.",
      labels: ["route", "code"],
    });
    this.#lines = metrics.counter({
      name: "taem_http_bulk_lines_total",
      help: "Lines of bulk requests.",
      labels: ["route"],
    });
  }

  /** The request's span, where there is one; `traceparent` is the caller's header. */
  begin(route: Route, correlationId: string, traceparent: unknown): RequestSpan | undefined {
    this.running += 1;
    if (!this.#loggers.has(route)) {
      const { method, path } = route;
      this.#loggers.set(route, this.#logger.child({ method, route: path }));
      for (const code of ALARMING) this.#problems.add({ route: path, code }, 0);
    }
    if (this.#tracer === undefined || route.permissions === undefined) return undefined;
    return this.#tracer.request(correlationId, typeof traceparent === "string" ? traceparent : undefined);
  }

  /** The path itself is not told: it can hold a caller's id of a person. */
  end(route: Route, answered: Answered): void {
    const { method, path, permissions } = route;
    const { status, startedAt, correlationId, keyId, problem, span } = answered;
    this.running -= 1;
    const durationMs = Math.round((performance.now() - startedAt) * 1_000) / 1_000;
    this.#seconds.observe({ method, route: path, status }, durationMs / 1_000);
    if (problem !== undefined) this.problem(path, problem);
    const logger = this.#loggers.get(route) as Logger; // since it began
    const fields = { correlationId, status, durationMs, keyId, problem };
    if (permissions === undefined)
      logger.debug(fields, "request"); // probes and scrapes, every few seconds
    else logger.info(fields, "request");
    span?.end({
      name: `${method} ${path}`,
      startedAt,
      attributes: {
        "http.request.method": method,
        "http.route": path,
        "http.response.status_code": status,
        "taem.correlation_id": correlationId,
        ...(problem === undefined ? {} : { "taem.problem": problem }),
      },
      error: status >= 500 ? (problem ?? String(status)) : undefined,
    });
  }

  problem(path: string, code: string): void {
    this.#problems.add({ route: path, code });
  }

  lines(route: Route, count: number): void {
    this.#lines.add({ route: route.path }, count);
  }
}
