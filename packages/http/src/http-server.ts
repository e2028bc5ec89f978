import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type RequestListener,
  STATUS_CODES,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { OperatorError, randomId } from "@taem/runtime";
import { ApiError, type ProblemAnswer, problemAnswer, problemDocument } from "./api-error.ts";
import { Connections } from "./connections.ts";
import type { Limits } from "./limits.ts";
import { type OwnProblem, ProblemTable } from "./problems.ts";

/** Told of requests that never reach a route: their problem, and the address of whoever sent that. */
export type OnClientError = (problem: ProblemAnswer, correlationId: string, address: string) => void;

/** Node's server within the limits, whose connections have one request under way at a time. */
export function httpServer(
  listener: RequestListener,
  limits: Limits,
  _connections: Connections,
  onClientError: OnClientError,
): HttpServer {
  const settings = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.uploadMs,
    connectionsCheckingInterval: limits.headersMs,
    keepAliveTimeout: limits.keepAliveMs,
  };
  const take: RequestListener = (request, response) => {
    const connection = Connections.of(request);
    if (connection.isAnswering) return connection.refuse();
    connection.begin(response);
    listener(request, response);
  };
  const server = createHttpServer(settings, take);
  server.maxConnections = limits.maxConnections;
  server.setTimeout(limits.idleMs);
  server.on("clientError", (error, socket: Duplex) => {
    const { remoteAddress = "" } = socket as Socket;
    answerClientError(error, socket, (problem, correlationId) =>
      onClientError(problem, correlationId, remoteAddress),
    );
  });
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
function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  tell: (problem: ProblemAnswer, correlationId: string) => void,
): void {
  const connection = Connections.ofSocket(socket);
  // Its parser was stopped, or its rest is not wanted: it ends by itself.
  if (connection?.isEnding === true && socket.writable) return;
  const answer = connection?.answer;
  const hasBegun = answer?.headersSent === true && !answer.writableFinished;
  if (!socket.writable || error.code === "ECONNRESET" || hasBegun) {
    socket.destroy();
    return;
  }
  const code = CLIENT_ERRORS[error.code ?? ""] ?? "malformed_request";
  const problem = problemAnswer(new ApiError(code), OWN);
  const correlationId = randomId();
  tell(problem, correlationId);
  const body = JSON.stringify(problemDocument(problem, "/", correlationId));
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

/** Port 0 takes any free one; resolves with the URL to call. */
export function listen(server: HttpServer, port: number, host: string): Promise<string> {
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

/** Takes no new connections, lets what is running finish, and cuts off what is not done within the limit. */
export function closeGracefully(server: HttpServer, limitMs: number): Promise<void> {
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
