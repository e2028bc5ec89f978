import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, type Logger, parseTraceparent, randomId } from "@taem/runtime";
import { ApiError, type ProblemAnswer, problemAnswer, problemDocument } from "./api-error.ts";
import type { ApiKeys, Principal } from "./api-keys.ts";
import { authorize, bearerToken, Sender } from "./authentication.ts";
import { type Head, headReader } from "./content.ts";
import { CallerLeft, CLIENT_CLOSED_REQUEST, Departure } from "./departure.ts";
import { hasBody, parseJson, readBody, requireMediaType } from "./json-body.ts";
import type { Limits } from "./limits.ts";
import { answerLines, type Line } from "./ndjson.ts";
import type { ProblemTable } from "./problems.ts";
import type { AuthenticatedContext, Route, Work } from "./route.ts";
import { lineProblemsOf, problemsOf } from "./route-problems.ts";
import { beginLines, pathOf, sendAnswer, sendProblem } from "./sending.ts";
import type { Traffic } from "./traffic.ts";
import { parse } from "./validation.ts";

export interface Surroundings {
  readonly problems: ProblemTable;
  readonly apiKeys: ApiKeys;
  readonly asProblem: (thrown: unknown) => unknown;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly traffic: Traffic;
  /** Of the caller: of what a trusted proxy says, else of the connection. */
  readonly addressOf: (request: IncomingMessage) => string;
}

/** A request as the router hands it on. */
export interface Routed extends IncomingMessage {
  readonly params: Readonly<Record<string, string>>;
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
class RequestContext implements AuthenticatedContext {
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
  ofLine(principal: Principal, deadline: number): RequestContext {
    const { request, response, correlationId, traceparent } = this;
    return new RequestContext(
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
  const declared: ReadonlySet<string> = new Set([...problemsOf(route), ...lineProblemsOf(route)]);
  const headOf = headReader(route);
  return async (request, response) => {
    const startedAt = performance.now();
    const deadline = around.clock.now() + around.limits.requestMs;
    const correlationId = correlationIdOf(request);
    let principal: Principal | undefined;
    let problem: ProblemAnswer | undefined;
    const span = around.traffic.begin(route, correlationId, request.headers["traceparent"]);
    const traceparent = span?.traceparent;
    try {
      if (around.traffic.running > around.limits.maxRequests) throw new ApiError("overloaded");
      if (route.permissions !== undefined) {
        const found = authenticate(route.permissions, request, around);
        principal = found instanceof Promise ? await found : found;
      }
      const context = new RequestContext({
        request,
        response,
        correlationId,
        deadline,
        principal,
        traceparent,
      });
      const head = headOf(request, request.params);
      const { work } = route;
      if (work.kind === "bulk") await answerBulk(route, work, head, context, around, declared);
      else await answerSingle(route, work, head, context, around);
    } catch (thrown) {
      if (thrown instanceof CallerLeft) response.statusCode = CLIENT_CLOSED_REQUEST;
      else {
        problem = problemAnswer(around.asProblem(thrown), around.problems);
        report(problem, route, correlationId, around.logger, declared);
        sendProblem(request, response, problem, correlationId);
      }
    } finally {
      const { statusCode: status } = response;
      const keyId = principal?.key;
      around.traffic.end(route, { status, startedAt, correlationId, keyId, problem: problem?.code, span });
    }
  };
}

/** Throws, or rejects, unless the request comes from somebody who may make it. */
function authenticate(
  permissions: readonly string[],
  request: Routed,
  { apiKeys, addressOf }: Surroundings,
): Promise<Principal> | Principal {
  const programme = request.params["programme"];
  const authorized = (principal: Principal | undefined): Principal => {
    authorize(principal, permissions, programme);
    return principal;
  };
  const wanted = { programme, permissions };
  const found = apiKeys.verify(bearerToken(request), () => addressOf(request), wanted);
  return found instanceof Promise ? found.then(authorized) : authorized(found);
}

async function answerSingle(
  route: Route,
  { body: schema, maxBodyBytes, handler }: Single,
  head: Head,
  context: RequestContext,
  { clock, limits }: Surroundings,
): Promise<void> {
  const { request, response, correlationId, deadline } = context;
  let body: unknown;
  if (schema !== undefined) {
    if (!hasBody(request)) throw new ApiError("body_required");
    requireMediaType(request, "application/json");
    const maxBytes = maxBodyBytes ?? limits.maxBodyBytes;
    body = parse(schema, parseJson(await readBody(request, maxBytes, () => clock.now() > deadline)), "body");
  }
  const { params, query, headers } = head;
  const answered = await handler({ params, query, headers, body }, context);
  sendAnswer(response, answered, route.responses[answered.status]?.contentType, correlationId);
}

async function answerBulk(
  route: Route,
  work: Bulk,
  head: Head,
  context: RequestContext,
  around: Surroundings,
  declared: ReadonlySet<string>,
): Promise<void> {
  const { request, response, correlationId } = context;
  requireMediaType(request, "application/x-ndjson");
  const handle = work.open({ ...head, body: undefined });
  beginLines(response, correlationId);
  const { permissions = [] } = route;
  const sender = new Sender(context.principal, () => authenticate(permissions, request, around));
  const answerLine = async ({ number, bytes }: Line): Promise<string> => {
    try {
      const asked = sender.principal();
      const principal = asked instanceof Promise ? await asked : asked;
      if (bytes === undefined) throw new ApiError("line_too_long");
      const parsed = parse(work.line, parseJson(bytes), "body");
      const deadline = around.clock.now() + around.limits.requestMs;
      const answered = await handle(parsed, context.ofLine(principal, deadline));
      return `${JSON.stringify({ line: number, status: answered.status, result: answered.body })}\n`;
    } catch (thrown) {
      const answer = problemAnswer(around.asProblem(thrown), around.problems);
      report(answer, route, correlationId, around.logger, declared);
      around.traffic.problem(route.path, answer.code);
      const problem = problemDocument(answer, pathOf(request), correlationId);
      return `${JSON.stringify({ line: number, status: answer.status, problem })}\n`;
    }
  };
  const lines = await answerLines(request, response, around.limits, answerLine);
  around.traffic.lines(route, lines);
  response.end();
}

/** Logs what the caller is not told, and a problem that the document does not promise. */
function report(
  { code, status, cause }: ProblemAnswer,
  route: Route,
  correlationId: string,
  logger: Logger,
  declared: ReadonlySet<string>,
): void {
  const fields = { correlationId, method: route.method, route: route.path, problem: code };
  if (code === "internal") logger.error({ ...fields, err: cause }, "unexpected error");
  else if (status >= 500) logger.warn({ ...fields, err: cause }, "request not done");
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
