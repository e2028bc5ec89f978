import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, type Logger, parseTraceparent, randomId } from "@taem/runtime";
import { ApiError, asApiError, problemDocument } from "./api-error.ts";
import type { ApiKeys, Principal } from "./api-keys.ts";
import { authorize, bearerToken, Sender } from "./authentication.ts";
import { CallerLeft, CLIENT_CLOSED_REQUEST, Departure } from "./departure.ts";
import { hasBody, parseJson, readBody, requireMediaType } from "./json-body.ts";
import type { Limits } from "./limits.ts";
import { answerLines, type Line } from "./ndjson.ts";
import type { Permission } from "./permissions.ts";
import type { ProblemCode } from "./problems.ts";
import type { AnyAnswer, AnyContent, AuthenticatedContext, Route, Work } from "./route.ts";
import { lineProblemsOf, problemsOf } from "./route-problems.ts";
import type { Traffic } from "./traffic.ts";
import { parse } from "./validation.ts";

export interface Surroundings {
  readonly apiKeys: ApiKeys;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly traffic: Traffic;
}

/** A request as the router hands it on. */
export interface Routed extends IncomingMessage {
  readonly params: Readonly<Record<string, string>>;
  /** Address of the caller: of what a trusted proxy says, else of the connection. */
  readonly ip: string | undefined;
}

type Bulk = Extract<Work, { kind: "bulk" }>;
type Single = Extract<Work, { kind: "single" }>;

/** One request under way. A public route's has no principal; its handler has a context type without one. */
interface Arrival extends Omit<AuthenticatedContext, "signal" | "principal"> {
  readonly request: Routed;
  readonly response: ServerResponse;
  readonly principal: Principal | undefined;
}

/** A class, since each literal with a getter would have a hidden class of its own, which is dear at every request. */
class Exchange implements AuthenticatedContext {
  readonly request: Routed;
  readonly response: ServerResponse;
  readonly correlationId: string;
  readonly deadline: number;
  readonly principal: Principal;
  readonly traceparent: string | undefined;
  readonly #departure: Departure;

  constructor(arrival: Arrival, departure = new Departure(arrival.response)) {
    this.request = arrival.request;
    this.response = arrival.response;
    this.correlationId = arrival.correlationId;
    this.deadline = arrival.deadline;
    this.principal = arrival.principal as Principal;
    this.traceparent = arrival.traceparent;
    this.#departure = departure;
  }

  get signal(): AbortSignal {
    return this.#departure.signal;
  }

  /** The same for a line of a bulk request, which has a deadline, and by then a principal, of its own. */
  ofLine(principal: Principal, deadline: number): Exchange {
    const { request, response, correlationId, traceparent } = this;
    return new Exchange(
      { request, response, correlationId, principal, traceparent, deadline },
      this.#departure,
    );
  }
}

/** Answers the requests of one route. Never rejects: whatever is thrown becomes a problem document. */
export function answerer(
  route: Route,
  around: Surroundings,
): (request: Routed, response: ServerResponse) => Promise<void> {
  const declared: ReadonlySet<ProblemCode> = new Set([...problemsOf(route), ...lineProblemsOf(route)]);
  return async (request, response) => {
    const startedAt = performance.now();
    const deadline = around.clock.now() + around.limits.requestMs;
    const correlationId = correlationIdOf(request);
    let principal: Principal | undefined;
    let error: ApiError | undefined;
    const span = around.traffic.begin(route, correlationId, request.headers["traceparent"]);
    const traceparent = span?.traceparent;
    try {
      if (around.traffic.running > around.limits.maxRequests) throw new ApiError("overloaded");
      if (route.permissions !== undefined) {
        const found = authenticate(route.permissions, request, around.apiKeys);
        principal = found instanceof Promise ? await found : found;
      }
      const exchange = new Exchange({ request, response, correlationId, deadline, principal, traceparent });
      await answer(route, exchange, around, declared);
    } catch (thrown) {
      if (thrown instanceof CallerLeft) response.statusCode = CLIENT_CLOSED_REQUEST;
      else {
        error = asApiError(thrown);
        report(error, route, correlationId, around.logger, declared);
        sendProblem(request, response, error, correlationId);
      }
    } finally {
      const { statusCode: status } = response;
      const keyId = principal?.key;
      around.traffic.end(route, { status, startedAt, correlationId, keyId, problem: error?.code, span });
    }
  };
}

/** Throws, or rejects, unless the request comes from somebody who may make it. */
function authenticate(
  permissions: readonly Permission[],
  request: Routed,
  apiKeys: ApiKeys,
): Promise<Principal> | Principal {
  const { programme } = request.params;
  const authorized = (principal: Principal | undefined): Principal => {
    authorize(principal, permissions, programme);
    return principal;
  };
  const found = apiKeys.verify(bearerToken(request), () => request.ip ?? "");
  return found instanceof Promise ? found.then(authorized) : authorized(found);
}

async function answer(
  route: Route,
  exchange: Exchange,
  around: Surroundings,
  declared: ReadonlySet<ProblemCode>,
): Promise<void> {
  const { request, response, correlationId } = exchange;
  const content: AnyContent = {
    params: route.params === undefined ? {} : parse(route.params, request.params, "path"),
    query: parse(route.query, queryOf(request), "query"),
    headers: route.headers === undefined ? {} : parse(route.headers, request.headers, "header"),
    body: undefined,
  };
  if (route.work.kind === "bulk") return answerBulk(route, route.work, content, exchange, around, declared);
  const body = await bodyOf(route.work, exchange, around);
  const answered = await route.work.handler(body === undefined ? content : { ...content, body }, exchange);
  sendAnswer(response, answered, route.responses[answered.status]?.contentType, correlationId);
}

async function bodyOf(
  work: Single,
  { request, deadline }: Exchange,
  { clock, limits }: Surroundings,
): Promise<unknown> {
  if (work.body === undefined) return undefined;
  if (!hasBody(request)) throw new ApiError("body_required");
  requireMediaType(request, "application/json");
  const bytes = await readBody(
    request,
    work.maxBodyBytes ?? limits.maxBodyBytes,
    () => clock.now() > deadline,
  );
  return parse(work.body, parseJson(bytes), "body");
}

async function answerBulk(
  route: Route,
  work: Bulk,
  content: AnyContent,
  exchange: Exchange,
  around: Surroundings,
  declared: ReadonlySet<ProblemCode>,
): Promise<void> {
  const { request, response, correlationId } = exchange;
  requireMediaType(request, "application/x-ndjson");
  const handle = work.open(content);
  response.writeHead(200, headersFor("application/x-ndjson", correlationId));
  response.flushHeaders();
  const { permissions = [] } = route;
  const sender = new Sender(exchange.principal, () => authenticate(permissions, request, around.apiKeys));
  const answerLine = async ({ number, bytes }: Line): Promise<string> => {
    try {
      const standing = sender.principal();
      const principal = standing instanceof Promise ? await standing : standing;
      if (bytes === undefined) throw new ApiError("line_too_long");
      const parsed = parse(work.line, parseJson(bytes), "body");
      const deadline = around.clock.now() + around.limits.requestMs;
      const answered = await handle(parsed, exchange.ofLine(principal, deadline));
      return `${JSON.stringify({ line: number, status: answered.status, result: answered.body })}\n`;
    } catch (thrown) {
      const error = asApiError(thrown);
      report(error, route, correlationId, around.logger, declared);
      around.traffic.problem(route.path, error.code);
      const problem = problemDocument(error, pathOf(request), correlationId);
      return `${JSON.stringify({ line: number, status: error.status, problem })}\n`;
    }
  };
  const lines = await answerLines(request, response, around.limits, answerLine);
  around.traffic.lines(route, lines);
  response.end();
}

/** Logs what the caller is not told, and a problem that the document does not promise. */
function report(
  error: ApiError,
  route: Route,
  correlationId: string,
  logger: Logger,
  declared: ReadonlySet<ProblemCode>,
): void {
  const { code, cause } = error;
  const fields = { correlationId, method: route.method, route: route.path, problem: code };
  if (code === "internal") logger.error({ ...fields, err: cause ?? error }, "unexpected error");
  else if (error.status >= 500) logger.warn({ ...fields, err: cause ?? error }, "request not done");
  if (!declared.has(code)) logger.error(fields, "the route answered with a problem that it does not declare");
}

/**
 * An id from the caller is kept if it is harmless in a header and a log. A caller that traces but gives none finds its
 * request by the id of its trace.
 */
export function correlationIdOf({ headers }: IncomingMessage): string {
  const given = headers["x-correlation-id"];
  if (typeof given === "string" && /^[\w.:-]{1,128}$/.test(given)) return given;
  return parseTraceparent(headers["traceparent"])?.traceId ?? randomId();
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? "/";
  const end = url.indexOf("?");
  return end === -1 ? url : url.slice(0, end);
}

/** Query parameters by name; one that is repeated becomes a list, which no field takes. */
function queryOf(request: IncomingMessage): Record<string, string | string[]> {
  const url = request.url ?? "/";
  const start = url.indexOf("?");
  const query: Record<string, string | string[]> = {};
  if (start === -1) return query;
  for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
    const before = Object.hasOwn(query, name) ? query[name] : undefined;
    const values = before === undefined ? value : [before, value].flat();
    Object.defineProperty(query, name, { value: values, enumerable: true, configurable: true });
  }
  return query;
}

function headersFor(contentType: string, correlationId: string): Record<string, string | number> {
  return {
    "content-type": contentType,
    "cache-control": "no-store",
    "x-correlation-id": correlationId,
  };
}

function sendAnswer(
  response: ServerResponse,
  answered: AnyAnswer,
  contentType: string | undefined,
  correlationId: string,
): void {
  const { status, headers, body } = answered;
  const content = contentType === undefined ? JSON.stringify(body) : (body as string | Uint8Array);
  send(response, status, content, {
    ...headersFor(contentType ?? "application/json", correlationId),
    ...headers,
  });
}

/**
 * Answers with a problem document; if the answer has already begun, cuts it off, so that it cannot be taken
 * for whole.
 */
export function sendProblem(
  request: IncomingMessage,
  response: ServerResponse,
  error: ApiError,
  correlationId: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const document = problemDocument(error, pathOf(request), correlationId);
  const all = { ...headersFor("application/problem+json", correlationId), ...headers };
  if (error.status === 401) all["www-authenticate"] = 'Bearer realm="taem"';
  if (error.retryAfter !== undefined) all["retry-after"] = Math.ceil(error.retryAfter);
  send(response, error.status, JSON.stringify(document), all);
}

function send(
  response: ServerResponse,
  status: number,
  content: string | Uint8Array | undefined,
  headers: Record<string, string | number>,
): void {
  if (content === undefined) {
    delete headers["content-type"];
    response.writeHead(status, headers).end();
    return;
  }
  headers["content-length"] = Buffer.byteLength(content);
  response.writeHead(status, headers).end(content);
}
