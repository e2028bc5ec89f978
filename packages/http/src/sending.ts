import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { type ProblemAnswer, problemDocument } from "./api-error.ts";
import { Connections } from "./connections.ts";
import type { AnyAnswer } from "./route.ts";

/** What a route answers with. `contentType` where the body is text or bytes already. */
export function sendAnswer(
  response: ServerResponse,
  { status, headers, body }: AnyAnswer,
  contentType: string | undefined,
  correlationId: string,
): void {
  const content = contentType === undefined ? JSON.stringify(body) : (body as string | Uint8Array);
  if (content === undefined) {
    const head = { "cache-control": "no-store", "x-correlation-id": correlationId, ...headers };
    response.writeHead(status, head).end();
    return;
  }
  const head = headersFor(contentType ?? "application/json", correlationId, Buffer.byteLength(content));
  response.writeHead(status, headers === undefined ? head : Object.assign(head, headers)).end(content);
}

/**
 * Answers with a problem document; if the answer has already begun, cuts it off, so that it cannot be taken
 * for whole.
 */
export function sendProblem(
  request: IncomingMessage,
  response: ServerResponse,
  problem: ProblemAnswer,
  correlationId: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const content = JSON.stringify(problemDocument(problem, pathOf(request), correlationId));
  const head: OutgoingHttpHeaders = headersFor(
    "application/problem+json",
    correlationId,
    Buffer.byteLength(content),
  );
  Object.assign(head, headers);
  // What still comes of a request that is too slow is not waited for.
  if (problem.status === 408) response.shouldKeepAlive = false;
  Connections.of(request).forsake(request);
  if (problem.status === 401) head["www-authenticate"] = 'Bearer realm="taem"';
  if (problem.retryAfter !== undefined) head["retry-after"] = String(Math.ceil(problem.retryAfter));
  response.writeHead(problem.status, head).end(content);
}

/** The head of an answer whose lines follow. */
export function beginLines(response: ServerResponse, correlationId: string): void {
  response.writeHead(200, headersFor("application/x-ndjson", correlationId));
  response.flushHeaders();
}

export function pathOf(request: IncomingMessage): string {
  const url = request.url ?? "/";
  const end = url.indexOf("?");
  return end === -1 ? url : url.slice(0, end);
}

function headersFor(contentType: string, correlationId: string, length?: number): OutgoingHttpHeaders {
  const head: OutgoingHttpHeaders = {
    "content-type": contentType,
    "cache-control": "no-store",
    "x-correlation-id": correlationId,
  };
  if (length !== undefined) head["content-length"] = length;
  return head;
}
