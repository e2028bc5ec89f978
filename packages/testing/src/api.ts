import type { Readable } from "node:stream";
import type { CommandAnswer } from "@taem/client";
import type { ProblemDocument } from "@taem/http";
import { Agent, request } from "undici";

/** What an answer of the API may hold: that of a command, of a definition, or a problem. */
export interface Body extends Omit<CommandAnswer, "effect">, Partial<ProblemDocument> {
  readonly effect: Effect;
}

/** Whatever the kind of command promises is there. */
export type Effect = CommandAnswer["effect"] & {
  readonly hold: { readonly id: string };
  readonly adjustment: { readonly id: string };
  readonly transfer: { readonly id: string };
};

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Body;
}

export interface BulkAnswer {
  readonly line: number;
  readonly status: number;
  readonly result: Body;
  readonly problem: Body;
}

export type Headers = Readonly<Record<string, string>>;

/** One caller of the API, with a key. Nothing is checked on the way out: tests also send what no client would. */
export class Api implements AsyncDisposable {
  readonly url: string;
  readonly #token: string | undefined;
  readonly #agent: Agent;

  constructor(url: string, token?: string, connections = 64) {
    this.url = url;
    this.#token = token;
    this.#agent = new Agent({ connections, headersTimeout: 0, bodyTimeout: 0 });
  }

  get(path: string, headers: Headers = {}): Promise<Answer> {
    return this.#send("GET", path, undefined, headers);
  }

  put(path: string, body: unknown, headers: Headers = {}): Promise<Answer> {
    return this.#send("PUT", path, JSON.stringify(body), headers);
  }

  /** With a key, sends it as `Idempotency-Key`. */
  post(path: string, body: unknown, key?: string): Promise<Answer> {
    const headers: Headers = key === undefined ? {} : { "idempotency-key": key };
    return this.#send("POST", path, JSON.stringify(body), headers);
  }

  /** A body byte for byte. */
  raw(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    body?: string | Buffer,
    headers: Headers = {},
  ): Promise<Answer> {
    return this.#send(method, path, body, headers);
  }

  /** Sends lines (objects, or text as it is) as one bulk request; the answers, line by line. */
  async bulk(programme: string, lines: readonly unknown[]): Promise<BulkAnswer[]> {
    const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
    const answers: BulkAnswer[] = [];
    for await (const answer of this.bulkStream(programme, `${text}\n`)) answers.push(answer);
    return answers;
  }

  /** Yields answers as they come, also while the body is still being sent. */
  async *bulkStream(programme: string, body: string | Readable): AsyncGenerator<BulkAnswer> {
    const answer = await request(`${this.url}/v1/programmes/${programme}/commands`, {
      method: "POST",
      dispatcher: this.#agent,
      headers: { ...this.#authorization(), "content-type": "application/x-ndjson" },
      body,
    });
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield JSON.parse(line) as BulkAnswer;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#agent.destroy();
  }

  async #send(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    body: string | Buffer | undefined,
    headers: Headers,
  ): Promise<Answer> {
    const answer = await request(`${this.url}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: { ...this.#authorization(), "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: answer.headers, body: parse(text) };
  }

  #authorization(): Headers {
    return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
  }
}

function parse(text: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    throw new Error(`the answer is not JSON: ${text.slice(0, 200)}`);
  }
}
