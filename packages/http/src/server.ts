import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { type Clock, type Health, type Logger, type Metrics, systemClock, type Tracer } from "@taem/runtime";
import { type Request, type Response, Router } from "express";
import { Admission } from "./admission.ts";
import { answerer, correlationIdOf, type Routed, type Surroundings } from "./answerer.ts";
import { ApiError, problemAnswer } from "./api-error.ts";
import type { ApiKeys } from "./api-keys.ts";
import { documentationRoutes, metricsRoute, probeRoutes } from "./built-in-routes.ts";
import { callerAddress } from "./caller-address.ts";
import { Connections } from "./connections.ts";
import { closeGracefully, httpServer, listen } from "./http-server.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { LineTurns } from "./line-turns.ts";
import { type DocumentInfo, openApiDocument } from "./openapi.ts";
import { PermissionTable } from "./permissions.ts";
import { ProblemTable } from "./problems.ts";
import type { Route } from "./route.ts";
import { lineProblemsOf, problemsOf } from "./route-problems.ts";
import { sendProblem } from "./sending.ts";
import { Strangers } from "./strangers.ts";
import { Traffic } from "./traffic.ts";

export interface ServerOptions {
  readonly info: DocumentInfo;
  /**
   * The service's own, the busiest first: a request is held against them in order. Health and documentation are added.
   */
  readonly routes: readonly Route[];
  /** What the routes may answer with; the kit's own problems alone unless told. */
  readonly problems?: ProblemTable;
  /**
   * Says of what the routes stand on, and throws, what callers are told of it: an `ApiError`; of anything else, itself. Every
   * route and line is answered by it, and so is whoever cannot be authenticated.
   */
  readonly asProblem?: (thrown: unknown) => unknown;
  /** What the routes may ask for; nothing unless told. */
  readonly permissions?: PermissionTable;
  readonly apiKeys: ApiKeys;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly clock?: Clock;
  readonly tracer?: Tracer | undefined;
  readonly limits?: Partial<Limits>;
  /** Networks (CIDR) of proxies whose X-Forwarded-For is believed; none unless told. */
  readonly trustedProxies?: readonly string[];
}

export interface Server extends AsyncDisposable {
  /** All routes, the built-in ones too. */
  readonly routes: readonly Route[];
  /** Port 0 takes any free one; resolves with the URL to call. */
  listen(port: number, host: string): Promise<string>;
  /**
   * Takes no new connections, lets what is running finish, and cuts off what is not done within `closeMs`.
   */
  close(): Promise<void>;
}

/**
 * Throws if two routes collide, a path and its parameters disagree, a request schema is not strict, or a route names a problem or
 * a permission that nobody defines.
 */
export function createServer(options: ServerOptions): Server {
  const { logger, metrics, health, info } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const { problems = new ProblemTable(), permissions = new PermissionTable() } = options;
  let document = "";
  const routes = [
    ...options.routes,
    ...probeRoutes({ health, logger }),
    ...documentationRoutes(info.title, () => document),
  ];
  checkRoutes(routes);
  checkNames(routes, problems, permissions);
  document = JSON.stringify(openApiDocument(routes, info, { problems, permissions }));
  const {
    apiKeys,
    clock = systemClock,
    tracer,
    trustedProxies = [],
    asProblem = (thrown: unknown) => thrown,
  } = options;
  const given = { problems, asProblem, apiKeys, logger, metrics, clock, limits, tracer, trustedProxies };
  return serve(routes, given, (traffic, admission, connections) =>
    traffic.underWay(admission, connections.count),
  );
}

export type MonitorOptions = Pick<ServerOptions, "logger" | "metrics" | "health" | "limits">;

/** Whoever looks after the process is no caller of its API, and has connections of his own. */
const MONITOR_CONNECTIONS = 64;

/** What a process measures, and whether it works, for those who run it: no API keys are asked for. */
export function createMonitor({ logger, metrics, health, limits }: MonitorOptions): Server {
  const routes = [metricsRoute(metrics), ...probeRoutes({ health, logger })];
  return serve(routes, {
    problems: new ProblemTable(),
    asProblem: (thrown) => thrown,
    apiKeys: { verify: () => undefined },
    logger,
    metrics,
    clock: systemClock,
    limits: { ...defaultLimits, ...limits, maxConnections: MONITOR_CONNECTIONS },
    trustedProxies: [],
  });
}

interface Serving
  extends Pick<Surroundings, "problems" | "asProblem" | "apiKeys" | "logger" | "clock" | "limits"> {
  readonly metrics: Metrics;
  readonly tracer?: Tracer | undefined;
  readonly trustedProxies: readonly string[];
}

type OnLook = (traffic: Traffic, admission: Admission, connections: Connections) => void;

function serve(
  routes: readonly Route[],
  { metrics, tracer, trustedProxies, ...given }: Serving,
  onLook: OnLook = () => undefined,
): Server {
  const { logger, limits } = given;
  const traffic = new Traffic(logger, metrics, tracer);
  const admission = new Admission(limits, metrics);
  const around: Surroundings = {
    ...given,
    traffic,
    admission,
    turns: new LineTurns(admission),
    strangers: new Strangers(limits.strangerRate),
    addressOf: callerAddress(trustedProxies),
  };
  const connections = new Connections(metrics, trustedProxies);
  const server = httpServer(
    router(routes, around),
    limits,
    connections,
    ({ status, code }, correlationId, address) =>
      traffic.unrouted({ status, problem: code, correlationId, address }),
  );
  connections.watch(server, limits, () => onLook(traffic, admission, connections));
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= closeGracefully(server, limits.closeMs).finally(() => connections.stop());
    return closing;
  };
  return { routes, listen: (port, host) => listen(server, port, host), close, [Symbol.asyncDispose]: close };
}

function checkRoutes(routes: readonly Route[]): void {
  const seen = new Set<string>();
  for (const { method, path, params } of routes) {
    const route = `${method} ${path.replaceAll(/\{[^}]*\}/g, "{}")}`;
    if (seen.has(route)) throw new Error(`${method} ${path} is declared twice`);
    seen.add(route);
    const inPath = [...path.matchAll(/\{([^}]*)\}/g)].map((match) => match[1]).toSorted();
    const declared = Object.keys(params?.shape ?? {}).toSorted();
    if (inPath.join() !== declared.join())
      throw new Error(`${method} ${path} must declare the parameters of its path`);
  }
}

function checkNames(routes: readonly Route[], problems: ProblemTable, permissions: PermissionTable): void {
  for (const route of routes) {
    const code = [...problemsOf(route), ...lineProblemsOf(route)].find((one) => !problems.has(one));
    const permission = permissions.unknownAmong(route.permissions ?? []);
    const unknown = code === undefined ? permission && `permission ${permission}` : `problem ${code}`;
    if (unknown !== undefined)
      throw new Error(`${route.method} ${route.path} names the ${unknown}, which nobody defines`);
  }
}

/**
 * The router of Express without its application, which gives every request and response another prototype, and with it
 * methods that nothing here uses: whatever Node does with them afterwards then takes longer.
 */
function router(routes: readonly Route[], around: Surroundings): RequestListener {
  const router = Router({ caseSensitive: true, strict: true });
  const methods = Map.groupBy(routes, (route) => route.path);
  for (const route of routes) {
    const answer = answerer(route, around);
    const method = route.method.toLowerCase() as "get" | "post" | "put" | "patch" | "delete";
    router[method](expressPath(route.path), (request, response) => {
      void answer(request as Routed, response); // never rejects
    });
  }
  for (const [path, some] of methods) router.all(expressPath(path), methodNotAllowed(some, around));
  return (request, response) => {
    const unanswered = (thrown?: unknown) => {
      const error = thrown ? routingFault(thrown) : new ApiError("route_unknown");
      sendRoutingProblem(error, request, response, around);
    };
    // It reads and writes nothing that Node's own do not have.
    router(request as Request, response as Response, unanswered);
  };
}

function expressPath(path: string): string {
  return path.replaceAll(/\{([^}]*)\}/g, ":$1");
}

function methodNotAllowed(routes: readonly Route[], around: Surroundings): RequestListener {
  const methods = routes.map((route) => route.method as string);
  const allow = (methods.includes("GET") ? [...methods, "HEAD"] : methods).join(", ");
  const path = routes[0]?.path;
  return (request, response) => {
    sendRoutingProblem(new ApiError("method_not_allowed"), request, response, around, path, { allow });
  };
}

/** What the router itself refuses: a path whose percent-encoding is wrong. */
function routingFault(thrown: unknown): unknown {
  return thrown instanceof URIError ? new ApiError("malformed_path") : thrown;
}

function sendRoutingProblem(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  { problems, logger, traffic, addressOf }: Surroundings,
  path?: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const correlationId = correlationIdOf(request);
  const problem = problemAnswer(error, problems);
  if (problem.code === "internal") logger.error({ correlationId, err: problem.cause }, "unexpected error");
  const { status, code } = problem;
  const address = addressOf(request);
  traffic.unrouted({ status, problem: code, correlationId, address, ...(path !== undefined && { path }) });
  sendProblem(request, response, problem, correlationId, headers);
}
