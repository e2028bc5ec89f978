import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import {
  type Clock,
  type Health,
  type Logger,
  type Metrics,
  OperatorError,
  randomId,
  systemClock,
  type Tracer,
} from "@taem/runtime";
import { type Request, type Response, Router } from "express";
import { answerer, correlationIdOf, type Routed, type Surroundings } from "./answerer.ts";
import { ApiError, problemAnswer, problemDocument } from "./api-error.ts";
import type { ApiKeys } from "./api-keys.ts";
import { builtInRoutes } from "./built-in-routes.ts";
import { callerAddress } from "./caller-address.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { type DocumentInfo, openApiDocument } from "./openapi.ts";
import { PermissionTable } from "./permissions.ts";
import { type OwnProblem, ProblemTable } from "./problems.ts";
import type { Route } from "./route.ts";
import { lineProblemsOf, problemsOf } from "./route-problems.ts";
import { sendProblem } from "./sending.ts";
import { Traffic } from "./traffic.ts";

export interface ServerOptions {
  readonly info: DocumentInfo;
  /**
   * The service's own, the busiest first: a request is held against them in order. Health, metrics and
   * documentation are added.
   */
  readonly routes: readonly Route[];
  /** What the routes may answer with; the kit's own problems alone unless told. */
  readonly problems?: ProblemTable;
  /** What the routes may ask for; nothing unless told. */
  readonly permissions?: PermissionTable;
  readonly apiKeys: ApiKeys;
  /** What else than an `ApiError` is thrown, as one; what it does not know comes back, and is answered as `internal`. */
  readonly asProblem?: (thrown: unknown) => unknown;
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
  const builtIn = builtInRoutes({ health, metrics, logger, title: info.title, document: () => document });
  const routes = [...options.routes, ...builtIn];
  checkRoutes(routes);
  checkNames(routes, problems, permissions);
  document = JSON.stringify(openApiDocument(routes, info, { problems, permissions }));

  const traffic = new Traffic(logger, metrics, options.tracer);
  const { apiKeys, asProblem = (thrown) => thrown, clock = systemClock, trustedProxies = [] } = options;
  const addressOf = callerAddress(trustedProxies);
  const around = { problems, apiKeys, asProblem, logger, clock, limits, traffic, addressOf };
  const server = httpServer(router(routes, around), limits);
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= closeGracefully(server, limits.closeMs);
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
  return (request, response) => {
    sendRoutingProblem(new ApiError("method_not_allowed"), request, response, around, { allow });
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
  { problems, logger }: Surroundings,
  headers: Readonly<Record<string, string>> = {},
): void {
  const correlationId = correlationIdOf(request);
  const problem = problemAnswer(error, problems);
  if (problem.code === "internal") logger.error({ correlationId, err: problem.cause }, "unexpected error");
  sendProblem(request, response, problem, correlationId, headers);
}

const ANSWER = Symbol("answer");

/** A connection with the answer that it was last about, which a `WeakMap` would make dear to collect. */
interface Connection extends Duplex {
  [ANSWER]?: ServerResponse;
}

function httpServer(listener: RequestListener, limits: Limits): HttpServer {
  const settings = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.uploadMs,
    connectionsCheckingInterval: limits.headersMs,
    keepAliveTimeout: limits.keepAliveMs,
  };
  const take: RequestListener = (request, response) => {
    (request.socket as Connection)[ANSWER] = response;
    listener(request, response);
  };
  const server = createHttpServer(settings, take);
  server.maxConnections = limits.maxConnections;
  server.setTimeout(limits.idleMs);
  server.on("clientError", (error, socket: Connection) => answerClientError(error, socket, socket[ANSWER]));
  // An expectation that nobody knows changes nothing; Node alone would answer 417, without a problem document.
  server.on("checkExpectation", take);
  return server;
}

const CLIENT_ERRORS: Readonly<Record<string, OwnProblem>> = {
  HPE_HEADER_OVERFLOW: "headers_too_large",
  HPE_INVALID_EOF_STATE: "incomplete_body",
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
};

/** All that is answered before anybody knows what is asked for. */
const OWN = new ProblemTable();

/**
 * Bytes that are no request never reach a route: they are answered on the socket, which then closes. An answer that has
 * begun is broken off: another within it would be taken for a part of it.
 */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex, answer?: ServerResponse): void {
  const hasBegun = answer?.headersSent === true && !answer.writableFinished;
  if (!socket.writable || error.code === "ECONNRESET" || hasBegun) {
    socket.destroy();
    return;
  }
  const code = CLIENT_ERRORS[error.code ?? ""] ?? "malformed_request";
  const problem = problemAnswer(new ApiError(code), OWN);
  const body = JSON.stringify(problemDocument(problem, "/", randomId()));
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "something listens there already; stop it, or choose another port",
  EACCES: "this user may not; choose a port above 1023",
  EADDRNOTAVAIL: "this machine has no such address; choose another host",
};

function listenFault(error: NodeJS.ErrnoException, port: number, host: string): Error {
  const advice = LISTEN_FAULTS[error.code ?? ""];
  if (advice === undefined) return error;
  return new OperatorError("cannot_listen", `cannot listen on port ${port} of ${host}: ${advice}`, {
    cause: error,
  });
}

function listen(server: HttpServer, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(listenFault(error, port, host));
    server.once("error", fail);
    server.listen(port, host, () => {
      server.off("error", fail);
      const { port: taken } = server.address() as AddressInfo;
      resolve(`http://${host.includes(":") ? `[${host}]` : host}:${taken}`);
    });
  });
}

/** How often a closing server looks for connections that have become idle. */
const IDLE_CHECK_MS = 20;

function closeGracefully(server: HttpServer, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => server.closeAllConnections(), limitMs);
    // A connection whose request was under way is closed once it is idle, one that stays busy with its next
    // answer.
    const closeIdle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    server.prependListener("request", (_request, response) => {
      response.shouldKeepAlive = false;
    });
    server.close(() => {
      clearTimeout(cutOff);
      clearInterval(closeIdle);
      resolve();
    });
  });
}
