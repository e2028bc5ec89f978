import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { type Clock, type Logger, parseTraceparent, randomId } from "@taem/runtime";
import type { Admission, Visit } from "./admission.ts";
import { ApiError, type ProblemAnswer, problemAnswer, problemDocument } from "./api-error.ts";
import type { ApiKeys, Principal } from "./api-keys.ts";
import { authorize, bearerToken, Sender } from "./authentication.ts";
import { Connections } from "./connections.ts";
import { type Head, headReader } from "./content.ts";
import { CallerLeft, CLIENT_CLOSED_REQUEST, Departure } from "./departure.ts";
import { type Incoming, StreamedBody, WholeBody } from "./incoming.ts";
import { hasBody, parseJson, requireMediaType } from "./json-body.ts";
import type { Limits } from "./limits.ts";
import type { Line } from "./line-splitter.ts";
import type { LineTurns } from "./line-turns.ts";
import { BULK_BYTES, BulkAnswers } from "./ndjson.ts";
import type { OwnProblem, ProblemTable } from "./problems.ts";
import type { AuthenticatedContext, Route, Work } from "./route.ts";
import { lineProblemsOf, problemsOf } from "./route-problems.ts";
import { beginLines, pathOf, sendAnswer, sendProblem } from "./sending.ts";
import { isBusy, lookedUp, type Strangers } from "./strangers.ts";
import type { Traffic } from "./traffic.ts";
import { parse } from "./validation.ts";

const TOO_MANY: OwnProblem = "too_many_requests";

export interface Surroundings {
  readonly problems: ProblemTable;
  /** Of what the routes stand on, what callers are told of it. */
  readonly asProblem: (thrown: unknown) => unknown;
  readonly apiKeys: ApiKeys;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly traffic: Traffic;
  readonly admission: Admission;
  readonly turns: LineTurns;
  readonly strangers: Strangers;
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

/**
 * Answers the requests of one route. Never rejects: whatever is thrown becomes a problem document. Probes are answered however
 * much there is to do, and count for nothing.
 */
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
    let visit: Visit | undefined;
    let incoming: Incoming | undefined;
    const span = around.traffic.begin(route, correlationId, request.headers["traceparent"]);
    const traceparent = span?.traceparent;
    try {
      if (!route.isProbe) visit = around.admission.enter();
      incoming = visit && incomingOf(route, request, visit, startedAt, around.limits);
      if (route.permissions !== undefined) {
        const found = authenticate(route.permissions, request, startedAt, around);
        principal = found instanceof Promise ? await found : found;
        visit?.identify(principal.id, request.params["programme"], startedAt);
      } else if (visit !== undefined) admitStranger(request, startedAt, around);
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
      if (work.kind === "bulk") {
        const taken = { body: incoming as StreamedBody, visit: visit as Visit };
        await answerBulk(route, work, head, context, around, declared, taken);
      } else await answerSingle(route, work, head, context, incoming as WholeBody | undefined);
    } catch (thrown) {
      if (thrown instanceof CallerLeft) response.statusCode = CLIENT_CLOSED_REQUEST;
      else {
        problem = problemAnswer(around.asProblem(thrown), around.problems);
        report(problem, route, correlationId, around.logger, declared);
        if (problem.code === TOO_MANY && !response.headersSent) {
          // It is under way no longer, and nobody else waits for it.
          incoming?.drop();
          visit?.leave(response);
          visit = undefined;
          await delay(around.limits.refusalMs);
        }
        sendProblem(request, response, problem, correlationId);
      }
    } finally {
      incoming?.drop();
      visit?.leave(response);
      Connections.of(request).forsake(request);
      const { statusCode: status } = response;
      const address = around.addressOf(request);
      const keyId = principal?.key;
      around.traffic.end(route, { status, startedAt, correlationId, address, keyId, problem, span });
    }
  };
}

/** The body that comes with a request, as its route wants it; what no route wants flows by. */
function incomingOf(
  { work }: Route,
  request: Routed,
  visit: Visit,
  startedAt: number,
  { maxBodyBytes, requestMs }: Limits,
): Incoming | undefined {
  const connection = Connections.of(request);
  let incoming: Incoming | undefined;
  if (work.kind === "bulk") {
    visit.reserve(BULK_BYTES);
    incoming = new StreamedBody(request, connection, visit, requestMs);
  } else if (!hasBody(request)) return undefined;
  else if (work.body === undefined) {
    connection.forsake(request);
    request.resume();
  } else {
    const maxBytes = work.maxBodyBytes ?? maxBodyBytes;
    incoming = new WholeBody(request, connection, visit, maxBytes, startedAt + requestMs);
  }
  connection.incoming = incoming;
  return incoming;
}

/**
 * Throws, or rejects, unless the request comes from somebody who may make it. Where too many of its address have failed lately, a
 * few at a time are looked up who were not known before: whoever has an API key there need not wait for those who guess.
 */
function authenticate(
  permissions: readonly string[],
  request: Routed,
  now: number,
  around: Surroundings,
): Promise<Principal> | Principal {
  const { apiKeys, addressOf, strangers } = around;
  const programme = request.params["programme"];
  const address = () => addressOf(request);
  const suspect = strangers.suspect(address, now);
  const onlyProved = suspect !== undefined && isBusy(suspect);
  const authorized = (principal: Principal | undefined): Principal => {
    if (principal === undefined) throw failed(request, now, around, onlyProved);
    authorize(principal, permissions, programme);
    return principal;
  };
  const token = bearerToken(request);
  if (token === undefined) return authorized(undefined);
  const found = apiKeys.verify(token, address, { programme, permissions, onlyProved });
  if (!(found instanceof Promise)) return authorized(found);
  return (suspect === undefined ? found : lookedUp(suspect, found)).then(authorized);
}

/** Whoever asks without a valid API key: that, or that he does it too often, or was not looked for. */
function failed(request: Routed, now: number, around: Surroundings, isUnknown: boolean): ApiError {
  const isTold = around.strangers.note(around.addressOf(request), now) && !isUnknown;
  around.traffic.failedAuthentication(isTold);
  return isTold ? new ApiError("unauthenticated") : tooManyOfAddress(request, now, around);
}

/** What needs no API key is asked for by anybody, but not as often as he likes. */
function admitStranger(request: Routed, now: number, around: Surroundings): void {
  if (!around.strangers.note(around.addressOf(request), now)) throw tooManyOfAddress(request, now, around);
}

function tooManyOfAddress(request: Routed, now: number, around: Surroundings): ApiError {
  const { strangers, admission, addressOf, limits } = around;
  const detail = `From one address ${limits.strangerRate} requests a minute may come without a valid API key.`;
  return admission.tooMany("address", detail, strangers.retryAfter(addressOf(request), now));
}

async function answerSingle(
  route: Route,
  { body: schema, handler }: Single,
  head: Head,
  context: RequestContext,
  incoming: WholeBody | undefined,
): Promise<void> {
  const { request, response, correlationId } = context;
  let body: unknown;
  if (schema !== undefined) {
    if (incoming === undefined) throw new ApiError("body_required");
    requireMediaType(request, "application/json");
    body = parse(schema, parseJson(await incoming.whole()), "body");
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
  { body, visit }: { readonly body: StreamedBody; readonly visit: Visit },
): Promise<void> {
  const { request, response, correlationId } = context;
  requireMediaType(request, "application/x-ndjson");
  const handle = work.open({ ...head, body: undefined });
  beginLines(response, correlationId);
  const { permissions = [] } = route;
  const sender = new Sender(context.principal, () =>
    authenticate(permissions, request, performance.now(), around),
  );
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
      around.traffic.lineProblem(route, correlationId, answer);
      const problem = problemDocument(answer, pathOf(request), correlationId);
      return `${JSON.stringify({ line: number, status: answer.status, problem })}\n`;
    }
  };
  const { turns, limits } = around;
  const answers = new BulkAnswers({ body, response, visit, turns, limits, answer: answerLine });
  Connections.of(request).onLook = () => answers.settle();
  around.traffic.lines(route, await answers.run());
  response.end();
}

/** Logs what nobody expects: the caller is not told what it was, or the document does not promise it. */
function report(
  { code, cause }: ProblemAnswer,
  route: Route,
  correlationId: string,
  logger: Logger,
  declared: ReadonlySet<string>,
): void {
  const fields = { correlationId, method: route.method, route: route.path, problem: code };
  if (code === "internal") logger.error({ ...fields, err: cause }, "unexpected error");
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
