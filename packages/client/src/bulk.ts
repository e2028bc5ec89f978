import { Backoff } from "./backoff.ts";
import type { ClientError } from "./client-error.ts";
import { type BulkAnswer, Exchange, readAnswers, type Slot } from "./exchange.ts";
import type { Transport } from "./transport.ts";

export interface BulkOptions {
  /** Lines taken from the source and not yet handed out as answers. */
  readonly maxInFlight: number;
  /** Milliseconds without a single line done after which the call gives up. */
  readonly deadlineMs: number;
}

/** A request ends after this many lines, so that none outlives what servers and proxies allow one upload. */
const LINES_PER_REQUEST = 10_000;

/**
 * Lines in, answers out, in order. Each exchange sends what is still unanswered and then what the source gives; when
 * it breaks, or the API puts a line off, another follows. A line repeated that way keeps its place among the answers,
 * but may take effect after later lines of its account.
 */
export class Bulk<L, R> {
  readonly #transport: Transport;
  readonly #path: string;
  readonly #source: Iterator<L> | AsyncIterator<L>;
  readonly #options: BulkOptions;
  readonly #backoff = new Backoff();
  /** Taken from the source and not yet handed out, in order. */
  readonly #slots: Slot<L, R>[] = [];
  #pulling: Promise<void> | undefined;
  #exhausted = false;
  #sourceError: { readonly error: unknown } | undefined;
  #progressAt = performance.now();
  #onRoom: () => void = () => undefined;

  constructor(
    transport: Transport,
    path: string,
    lines: Iterable<L> | AsyncIterable<L>,
    options: BulkOptions,
  ) {
    this.#transport = transport;
    this.#path = path;
    this.#source = Symbol.asyncIterator in lines ? lines[Symbol.asyncIterator]() : lines[Symbol.iterator]();
    this.#options = options;
  }

  async *answers(): AsyncGenerator<BulkAnswer<L, R>, void, undefined> {
    try {
      while (await this.#hasWork()) {
        const trouble = yield* this.#exchange();
        this.#throwSourceError();
        if (trouble === undefined) continue;
        const idle = performance.now() - this.#progressAt;
        if (!trouble.isPassing || idle > this.#options.deadlineMs) throw trouble;
        await this.#backoff.wait(trouble.retryAfter);
      }
    } finally {
      // Not awaited: a source that is busy with its next line ends when it has it.
      Promise.resolve(this.#source.return?.()).catch(() => undefined);
    }
  }

  /** Opens no request before there is a line for it. */
  async #hasWork(): Promise<boolean> {
    if (this.#slots.length === 0) await this.#pull();
    this.#throwSourceError();
    return this.#slots.length > 0;
  }

  /** One request from its first line to its last answer; returns what went wrong with it, if anything. */
  async *#exchange(): AsyncGenerator<BulkAnswer<L, R>, ClientError | undefined, undefined> {
    const exchange = new Exchange<L, R>(this.#slots.filter((slot) => slot.answer === undefined));
    const over = new AbortController();
    const feeding = this.#feed(exchange, over);
    try {
      const body = await this.#transport.stream({
        method: "POST",
        path: this.#path,
        headers: { "content-type": "application/x-ndjson" },
        body: exchange.body,
        signal: over.signal,
      });
      for await (const answers of readAnswers<R>(body)) {
        for (const answer of answers) {
          if (exchange.take(answer)) this.#progress();
        }
        yield* this.#handOut();
      }
      if (!exchange.isAnswered) throw new Error("the answer ended before that to the last line");
      return exchange.putOff;
    } catch (error) {
      const trouble = this.#transport.lost(error);
      // A connection that breaks while nothing is asked of it broke nothing.
      return trouble.code === "unreachable" && exchange.isAnswered ? exchange.putOff : trouble;
    } finally {
      exchange.close();
      this.#onRoom();
      await feeding;
      over.abort();
    }
  }

  *#handOut(): Generator<BulkAnswer<L, R>, void, undefined> {
    for (let first = this.#slots[0]; first?.answer !== undefined; first = this.#slots[0]) {
      this.#slots.shift();
      yield first.answer;
    }
    this.#onRoom();
  }

  /** Takes lines from the source as answers make room, until the exchange closes or is long enough. */
  async #feed(exchange: Exchange<L, R>, over: AbortController): Promise<void> {
    while (!exchange.isClosed && exchange.lines < LINES_PER_REQUEST) {
      if (this.#slots.length >= this.#options.maxInFlight) {
        await Promise.race([this.#room(), exchange.closing]);
        continue;
      }
      const pulling = this.#pull();
      if (pulling !== undefined) await Promise.race([pulling, exchange.closing]);
      if (this.#exhausted || exchange.isClosed) break;
      exchange.send(this.#slots.at(-1) as Slot<L, R>);
    }
    exchange.end();
    if (this.#sourceError !== undefined) over.abort();
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = resolve;
    });
  }

  /** Takes the next line; undefined if it was there at once. One at a time, across exchanges too. */
  #pull(): Promise<void> | undefined {
    if (this.#exhausted || this.#pulling !== undefined) return this.#pulling;
    try {
      const next = this.#source.next();
      if (!(next instanceof Promise)) return this.#add(next as IteratorResult<L>);
      this.#pulling = next
        .then(
          (result) => this.#add(result),
          (error: unknown) => this.#failSource(error),
        )
        .finally(() => {
          this.#pulling = undefined;
        });
      return this.#pulling;
    } catch (error) {
      return this.#failSource(error);
    }
  }

  #add({ done, value }: IteratorResult<L>): undefined {
    // The time that the source took is not the API's silence.
    if (this.#slots.length === 0) this.#progress();
    if (done === true) this.#exhausted = true;
    else this.#slots.push({ line: value, sends: 0 });
  }

  #failSource(error: unknown): undefined {
    this.#sourceError = { error };
    this.#exhausted = true;
  }

  #throwSourceError(): void {
    if (this.#sourceError !== undefined) throw this.#sourceError.error;
  }

  #progress(): void {
    this.#progressAt = performance.now();
    this.#backoff.reset();
  }
}
