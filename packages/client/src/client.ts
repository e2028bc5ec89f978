import { randomUUID } from "node:crypto";
import type { ApiDescription } from "@taem/http";
import { Backoff } from "./backoff.ts";
import { Bulk } from "./bulk.ts";
import type { BulkAnswer } from "./bulk-request.ts";
import { ClientError } from "./client-error.ts";
import type { BulkLine, BulkResult, RouteAnswer, RouteName, RouteRequest, Shipped } from "./routes.ts";
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
 * A client of an API, by the descriptions of its contexts: `Client<typeof ledgerApi & typeof cardApi>`; of those that ship
 * unless told. What may pass by itself (an overloaded or restarting server, a cut connection) is repeated with
 * the same key until the deadline; everything else rejects with a `ClientError` that carries the API's stable code.
 */
export interface Client<A extends ApiDescription = Shipped> extends AsyncDisposable {
  /** A command without a `source` gets a key of its own, so that repeating it is safe. `deadlineMs` is for this call alone. */
  call<R extends RouteName<A>>(
    route: R,
    request: RouteRequest<R, A>,
    options?: { readonly deadlineMs?: number },
  ): Promise<RouteAnswer<R, A>>;
  /**
   * Sends many commands and gives their answers, in order, as they come. Takes from `lines` only what is in flight;
   * rejects when the API as a whole refuses, cannot be reached for the length of the deadline, or `lines` throws.
   * A problem of one line is its answer.
   */
  bulk<L extends BulkLine<A>>(
    programme: string,
    lines: Iterable<L> | AsyncIterable<L>,
  ): AsyncGenerator<BulkAnswer<L, BulkResult<A>>, void, undefined>;
  close(): Promise<void>;
}

const DEADLINE_MS = 30_000;
/** As many as the server takes in by default. */
const MAX_IN_FLIGHT = 1_024;

export function createClient<A extends ApiDescription = Shipped>({
  url,
  key,
  deadlineMs = DEADLINE_MS,
  maxInFlight = MAX_IN_FLIGHT,
}: ClientOptions): Client<A> {
  const transport = new Transport(url, key);
  const close = () => transport.close();
  return {
    // What a route takes and answers is known by its description alone.
    call: (route, request, options) =>
      call(transport, route, request, options?.deadlineMs ?? deadlineMs) as Promise<never>,
    bulk: <L extends BulkLine<A>>(programme: string, lines: Iterable<L> | AsyncIterable<L>) => {
      const path = `v1/programmes/${encodeURIComponent(programme)}/commands`;
      return new Bulk<L, BulkResult<A>>(transport, path, lines, { maxInFlight, deadlineMs }).answers();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function call(
  transport: Transport,
  route: string,
  request: AnyRequest,
  deadlineMs: number,
): Promise<unknown> {
  const sent = httpRequest(route, request);
  const signal = AbortSignal.timeout(deadlineMs);
  const backoff = new Backoff();
  for (;;) {
    try {
      return await transport.json({ ...sent, signal });
    } catch (error) {
      if (!(error instanceof ClientError) || !error.isPassing || signal.aborted) throw error;
      // The last failure says more than that the time is over.
      await backoff.wait(error.retryAfter, signal).catch(() => Promise.reject(error));
    }
  }
}

interface AnyRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
}

function httpRequest(route: string, { params, query = {}, body }: AnyRequest) {
  const [method, template] = route.split(" ") as [string, string];
  const filled = template
    .slice(1)
    .replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
  const asked = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const path = asked.length === 0 ? filled : `${filled}?${new URLSearchParams(asked)}`;
  if (body === undefined) return { method, path };
  const headers = {
    "content-type": "application/json",
    ...(method === "POST" ? { "idempotency-key": randomUUID() } : {}),
  };
  return { method, path, headers, body: JSON.stringify(body) };
}
