import type { IncomingMessage } from "node:http";
import type { Visit } from "./admission.ts";
import { ApiError } from "./api-error.ts";
import { MergedBytes } from "./merged-bytes.ts";

/** A connection, as far as it is read. */
interface Reading {
  hold(): void;
  release(): void;
  /** Nobody wants the rest of the request's body. */
  forsake(request: IncomingMessage): void;
}

/** Pieces that a body may come in, and bytes that they must have on average where it comes in more. */
const MOST_CRUMBS = 1_000;
const CRUMB_BYTES = 16;
const CRUMBS = `A body in more than ${MOST_CRUMBS} chunks must have ${CRUMB_BYTES} bytes a chunk: send it in larger ones.`;

/**
 * A request's body as it comes. It is taken up as soon as it is there, whatever else is waited for, and kept in one piece: what
 * waits in a stream is kept in as many pieces as it came in.
 */
export abstract class Incoming {
  protected readonly request: IncomingMessage;
  protected readonly connection: Reading;
  protected readonly visit: Visit;
  protected readonly bytes = new MergedBytes();
  protected fault: ApiError | undefined;
  /** When somebody has waited too long for more, in milliseconds of `performance.now()`. */
  protected lateAt = Number.POSITIVE_INFINITY;
  #isOver = false;
  #pieces = 0;
  #length = 0;
  readonly #onData = (chunk: Buffer): void => {
    this.#pieces += 1;
    this.#length += chunk.length;
    if (this.#isCrumbs) return this.fail(new ApiError("body_too_large", { detail: CRUMBS }));
    this.bytes.append(chunk);
    this.onMore();
  };

  constructor(request: IncomingMessage, connection: Reading, visit: Visit) {
    this.request = request;
    this.connection = connection;
    this.visit = visit;
    if (request.destroyed) {
      this.fault = new ApiError("incomplete_body");
      return;
    }
    request.on("data", this.#onData);
    request.on("end", () => {
      this.#isOver = true;
      this.onEnd();
    });
    request.on("close", () => {
      if (!request.complete) this.fail(new ApiError("incomplete_body"));
    });
  }

  /** Ends it where it is too slow: `request_timeout`. Whether it was. */
  expire(now: number): boolean {
    if (now < this.lateAt || this.isOver || this.fault !== undefined) return false;
    this.fail(new ApiError("request_timeout"));
    return true;
  }

  /** Nobody wants it any more. */
  drop(): void {
    // Mostly it is all there: an error is dear to make.
    if (!this.#isOver) this.fail(new ApiError("incomplete_body"));
  }

  /** Many pieces, and next to nothing in them: they cost far more to read than to send. */
  get #isCrumbs(): boolean {
    return this.#pieces > MOST_CRUMBS && this.#length < this.#pieces * CRUMB_BYTES;
  }

  protected get isOver(): boolean {
    return this.#isOver;
  }

  /** Nothing more is kept. */
  protected fail(fault: ApiError): void {
    if (this.#isOver || this.fault !== undefined) return;
    this.fault = fault;
    this.request.off("data", this.#onData);
    this.bytes.take();
    this.request.resume();
    this.connection.forsake(this.request);
    this.onEnd();
  }

  protected abstract onMore(): void;
  /** It is over, or has failed. */
  protected abstract onEnd(): void;
}

/** A body that is wanted as a whole. */
export class WholeBody extends Incoming {
  readonly #maxBytes: number;
  #wanted: PromiseWithResolvers<Buffer> | undefined;

  /** `lateAt` in milliseconds of `performance.now()`. */
  constructor(request: IncomingMessage, connection: Reading, visit: Visit, maxBytes: number, lateAt: number) {
    super(request, connection, visit);
    this.#maxBytes = maxBytes;
    this.lateAt = lateAt;
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) this.fail(this.#tooLarge());
  }

  /**
   * Rejects with `body_too_large`, with `incomplete_body` if the connection ends first, with `request_timeout` if it is not there
   * in time, and with `overloaded` or `too_many_requests` where there is no memory for it.
   */
  whole(): Promise<Buffer> {
    this.#wanted ??= Promise.withResolvers();
    if (this.isOver || this.fault !== undefined) this.onEnd();
    return this.#wanted.promise;
  }

  protected override onMore(): void {
    if (this.bytes.length > this.#maxBytes) return this.fail(this.#tooLarge());
    this.visit.keep(this.bytes.kept);
    if (this.visit.isOver) this.fail(this.visit.excess);
    else if (!this.request.complete) this.expire(performance.now());
  }

  protected override onEnd(): void {
    if (this.fault === undefined) this.#wanted?.resolve(this.bytes.take());
    else this.#wanted?.reject(this.fault);
  }

  #tooLarge(): ApiError {
    return new ApiError("body_too_large", { detail: `The body may have ${this.#maxBytes} bytes at most.` });
  }
}

/** Bytes beyond which a connection is not read on, before those were taken. What was read by then comes in addition: 64 KB at most. */
const ENOUGH = 16 * 1_024;

/** A body that is taken as it comes, and waits unread in the connection where it is not taken. */
export class StreamedBody extends Incoming {
  readonly #lineMs: number;
  #waiting: PromiseWithResolvers<void> | undefined;

  constructor(request: IncomingMessage, connection: Reading, visit: Visit, lineMs: number) {
    super(request, connection, visit);
    this.#lineMs = lineMs;
  }

  /** Bytes of memory. */
  get kept(): number {
    return this.bytes.kept;
  }

  /**
   * What came since the last time, undefined at the end. `isWithinLine` where the rest of something is waited for, which may take
   * so long and no longer. Rejects with `incomplete_body` if the connection ends first, with `request_timeout`.
   */
  async next(isWithinLine: boolean): Promise<Buffer | undefined> {
    if (!isWithinLine) this.lateAt = Number.POSITIVE_INFINITY;
    else if (this.lateAt === Number.POSITIVE_INFINITY) this.lateAt = performance.now() + this.#lineMs;
    while (this.bytes.length === 0) {
      if (this.fault !== undefined) throw this.fault;
      if (this.isOver) return undefined;
      this.#waiting = Promise.withResolvers();
      await this.#waiting.promise;
    }
    const taken = this.bytes.take();
    this.connection.release();
    return taken;
  }

  protected override onMore(): void {
    // The connection and not the request, whose stream would keep the rest of what was read in as many pieces as it came in.
    if (this.bytes.length > ENOUGH && !this.request.complete) this.connection.hold();
    this.#waiting?.resolve();
  }

  protected override onEnd(): void {
    this.connection.release();
    this.#waiting?.resolve();
  }
}
