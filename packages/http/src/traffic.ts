import {
  type CounterMetric,
  type GaugeMetric,
  type HistogramMetric,
  LATENCY_BUCKETS,
  type Logger,
  type Metrics,
  type RequestSpan,
  reasonOf,
  type Tracer,
} from "@taem/runtime";
import type { ProblemAnswer } from "./api-error.ts";
import { isOwnProblem, type OwnProblem } from "./problems.ts";
import type { Route } from "./route.ts";

/** A request that has been answered. */
export interface Answered {
  readonly status: number;
  /** Of `performance.now()`. */
  readonly startedAt: number;
  readonly correlationId: string;
  /** Of the caller, "" where it is not known. */
  readonly address: string;
  /** Of the API key that it came with. */
  readonly keyId: string | undefined;
  readonly problem: ProblemAnswer | undefined;
  readonly span: RequestSpan | undefined;
}

/** A request that no route has answered. */
export interface Unrouted {
  readonly status: number;
  readonly problem: string;
  readonly correlationId: string;
  readonly address: string;
  /** As routes declare it, where one has it but not by this method. */
  readonly path?: string;
}

/** Problems that somebody is called for. A counter that nobody has seen at 0 hides its first increase. */
const ALARMING: readonly OwnProblem[] = ["internal", "outcome_unknown", "overloaded", "stream_damaged"];

/** What a request is told before a route knows of it: logged where it asked for what needs no API key, too. */
const AT_THE_DOOR: ReadonlySet<string | undefined> = new Set<OwnProblem>(["overloaded", "too_many_requests"]);

/** How the metrics call the route of what reached none. */
const NO_ROUTE = "none";

/** Counts, measures, logs and traces what a server does: one line, one observation and at most one span a request. */
export class Traffic {
  readonly #logger: Logger;
  readonly #tracer: Tracer | undefined;
  readonly #seconds: HistogramMetric<"method" | "route" | "status">;
  readonly #problems: CounterMetric<"route" | "code">;
  readonly #lines: CounterMetric<"route">;
  readonly #failures: CounterMetric<"answer">;
  readonly #requests: GaugeMetric<never>;
  readonly #bytes: GaugeMetric<never>;
  readonly #connections: GaugeMetric<never>;
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
    this.#requests = metrics.gauge({
      name: "taem_http_requests_under_way",
      help: "Requests taken in whose answers are not sent yet.",
    });
    this.#bytes = metrics.gauge({
      name: "taem_http_bytes_under_way",
      help: "Memory kept for bodies, lines of bulk requests, and answers that were not read yet.",
    });
    this.#connections = metrics.gauge({ name: "taem_http_connections", help: "Connections that are open." });
    this.#failures = metrics.counter({
      name: "taem_http_failed_authentications_total",
      help: "Requests without a valid API key: told so, or sent away because too many of their address were.",
      labels: ["answer"],
    });
    for (const answer of ["unauthenticated", "too_many_requests"] as const) this.#failures.add({ answer }, 0);
  }

  /** The request's span, where there is one; `traceparent` is the caller's header. */
  begin(route: Route, correlationId: string, traceparent: unknown): RequestSpan | undefined {
    if (!this.#loggers.has(route)) {
      const { method, path } = route;
      this.#loggers.set(route, this.#logger.child({ method, route: path }));
      for (const code of ALARMING) this.#problems.add({ route: path, code }, 0);
    }
    if (this.#tracer === undefined || route.permissions === undefined) return undefined;
    return this.#tracer.request(correlationId, typeof traceparent === "string" ? traceparent : undefined);
  }

  /**
   * One line a request. The path itself is not told: it can hold a caller's id of a person. What floods of requests are refused
   * for, bad ones or too many, is bounded; what a context decides is told of each.
   */
  end(route: Route, answered: Answered): void {
    const { method, path, permissions } = route;
    const { status, startedAt, correlationId, address, keyId, span } = answered;
    const problem = answered.problem?.code;
    const durationMs = Math.round((performance.now() - startedAt) * 1_000) / 1_000;
    this.#seconds.observe({ method, route: path, status }, durationMs / 1_000);
    if (problem !== undefined) this.#problem(path, problem);
    const logger = this.#loggers.get(route) as Logger; // since it began
    const fields = { correlationId, status, durationMs, address, keyId, problem };
    if (permissions === undefined && !AT_THE_DOOR.has(problem))
      logger.debug(fields, "request"); // probes and scrapes, every few seconds
    else if (isNotDone(answered.problem))
      logger.warn({ ...fields, reason: reasonOf(answered.problem.cause) }, "request not done");
    else logger.info(fields, "request", problem !== undefined && isOwnProblem(problem) ? problem : undefined);
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

  /** A request that no route has answered. Neither its path is told, nor by what method it was asked for where no route has it. */
  unrouted(answered: Unrouted): void {
    const { path = NO_ROUTE, problem, ...fields } = answered;
    this.#problem(path, problem);
    this.#logger.info({ ...fields, route: path, problem }, "request", problem);
  }

  /** Without a valid API key: told so, or sent away. */
  failedAuthentication(isTold: boolean): void {
    this.#failures.add({ answer: isTold ? "unauthenticated" : "too_many_requests" });
  }

  underWay(
    { requests, bytes }: { readonly requests: number; readonly bytes: number },
    connections: number,
  ): void {
    this.#requests.set({}, requests);
    this.#bytes.set({}, bytes);
    this.#connections.set({}, connections);
  }

  #problem(path: string, code: string): void {
    this.#problems.add({ route: path, code });
  }

  /** A line of a bulk request that is answered with a problem. */
  lineProblem(route: Route, correlationId: string, problem: ProblemAnswer): void {
    const { method, path } = route;
    this.#problem(path, problem.code);
    if (!isNotDone(problem)) return;
    const fields = { correlationId, method, route: path, problem: problem.code };
    this.#logger.warn({ ...fields, reason: reasonOf(problem.cause) }, "line not done");
  }

  lines(route: Route, count: number): void {
    this.#lines.add({ route: route.path }, count);
  }
}

/** Whether it says that the service could not do it, for reasons that come to pass: what nobody expects is told of apart. */
function isNotDone(problem: ProblemAnswer | undefined): problem is ProblemAnswer {
  return problem !== undefined && problem.status >= 500 && problem.code !== "internal";
}
