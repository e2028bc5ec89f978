import type { Readable } from "node:stream";
import { Agent, type Dispatcher, request } from "undici";
import { ClientError, problemOf, unexpectedAnswer, unreachable } from "./client-error.ts";

/** The server gives a request ten seconds; an answer later than this one never comes. */
const SILENCE_MS = 15_000;
const CONNECT_MS = 5_000;

export interface HttpRequest {
  readonly method: string;
  /** Relative to the address, percent-encoded, without a leading slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
  readonly signal?: AbortSignal;
}

/** HTTP with credentials; every failure is a `ClientError`. */
export class Transport {
  readonly #agent = new Agent({
    connect: { timeout: CONNECT_MS },
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
  });
  readonly #base: URL;
  readonly #authorization: string;

  constructor(url: string, key: string) {
    this.#base = new URL(url.endsWith("/") ? url : `${url}/`);
    this.#authorization = `Bearer ${key}`;
  }

  /** The answer of a 2xx as JSON. */
  async json(sent: HttpRequest): Promise<unknown> {
    const body = await this.stream(sent);
    try {
      return await body.json();
    } catch (cause) {
      if (cause instanceof SyntaxError) throw unexpectedAnswer(200, "the answer is not JSON");
      throw this.lost(cause);
    }
  }

  /** The body of a 2xx, to be read to its end or destroyed. */
  async stream(sent: HttpRequest): Promise<Dispatcher.ResponseData["body"]> {
    const { statusCode, headers, body } = await this.#send(sent);
    if (statusCode >= 200 && statusCode < 300) return body;
    const text = await body.text().catch((cause: unknown) => Promise.reject(this.lost(cause)));
    throw problemOf(statusCode, text, headers["retry-after"]?.toString());
  }

  /** What went wrong on the way, as a `ClientError`. */
  lost(cause: unknown): ClientError {
    return cause instanceof ClientError ? cause : unreachable(this.#base.origin, cause);
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #send({ method, path, headers, body, signal }: HttpRequest): Promise<Dispatcher.ResponseData> {
    try {
      return await request(new URL(path, this.#base), {
        dispatcher: this.#agent,
        method: method as Dispatcher.HttpMethod,
        headers: { authorization: this.#authorization, ...headers },
        body: body ?? null,
        signal: signal ?? null,
      });
    } catch (cause) {
      throw this.lost(cause);
    }
  }
}
