import { randomUUID } from "node:crypto";
import { Backoff } from "./backoff.ts";
import { Bulk } from "./bulk.ts";
import { ClientError } from "./client-error.ts";
import type { BulkAnswer } from "./exchange.ts";
import type { BulkLine, RouteAnswer, RouteName, RouteRequest } from "./routes.ts";
import { Transport } from "./transport.ts";

export interface ClientOptions {
  /** Where the API is served, `http://127.0.0.1:8080`; a path in front of `/v1` is kept. */
  readonly url: string;
  /** Token of an API key. */
  readonly key: string;
  /** Milliseconds after which a call, or a bulk call that gets no line done, gives up. */
  readonly deadlineMs?: number | undefined;
  /** Lines of a bulk call that may be under way together. */
  readonly maxInFlight?: number;
}

/**
 * A client of the API. What may pass by itself (an overloaded or restarting server, a cut connection) is repeated with
 * the same key until the deadline; everything else rejects with a `ClientError` that carries the API's stable code.
 */
export interface Client extends AsyncDisposable {
  /** A command without a `source` gets a key of its own, so that repeating it is safe. `deadlineMs` is for this call alone. */
  call<R extends RouteName>(
    route: R,
    request: RouteRequest<R>,
    options?: { readonly deadlineMs?: number },
  ): Promise<RouteAnswer<R>>;
  /**
   * Sends many commands and gives their answers, in order, as they come. Takes from `lines` only what is in flight;
   * rejects when the API as a whole refuses, cannot be reached for the length of the deadline, or `lines` throws.
   * A problem of one line is its answer.
   */
  bulk<L extends BulkLine>(
    programme: string,
    lines: Iterable<L> | AsyncIterable<L>,
  ): AsyncGenerator<BulkAnswer<L>, void, undefined>;
  close(): Promise<void>;
}

const DEADLINE_MS = 30_000;
/** As many as the server takes in by default. */
const MAX_IN_FLIGHT = 1_024;

export function createClient({
  url,
  key,
  deadlineMs = DEADLINE_MS,
  maxInFlight = MAX_IN_FLIGHT,
}: ClientOptions): Client {
  const transport = new Transport(url, key);
  const close = () => transport.close();
  return {
    call: (route, request, options) => call(transport, route, request, options?.deadlineMs ?? deadlineMs),
    bulk: (programme, lines) => {
      const path = `v1/programmes/${encodeURIComponent(programme)}/commands`;
      return new Bulk(transport, path, lines, { maxInFlight, deadlineMs }).answers();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function call<R extends RouteName>(
  transport: Transport,
  route: R,
  request: RouteRequest<R>,
  deadlineMs: number,
): Promise<RouteAnswer<R>> {
  const sent = httpRequest(route, request);
  const signal = AbortSignal.timeout(deadlineMs);
  const backoff = new Backoff();
  for (;;) {
    try {
      return (await transport.json({ ...sent, signal })) as RouteAnswer<R>;
    } catch (error) {
      if (!(error instanceof ClientError) || !error.isPassing || signal.aborted) throw error;
      // The last failure says more than that the time is over.
      await backoff.wait(error.retryAfter, signal).catch(() => Promise.reject(error));
    }
  }
}

interface AnyRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

function httpRequest(route: RouteName, { params, query = {}, body }: AnyRequest) {
  const [method, template] = route.split(" ") as [string, string];
  const filled = template
    .slice(1)
    .replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
  const asked = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const path = asked.length === 0 ? filled : `${filled}?${new URLSearchParams(asked)}`;
  if (body === undefined) return { method, path };
  const headers = {
    "content-type": "application/json",
    ...(method === "POST" ? { "idempotency-key": randomUUID() } : {}),
  };
  return { method, path, headers, body: JSON.stringify(body) };
}
