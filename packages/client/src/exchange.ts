import { Readable } from "node:stream";
import { ClientError, type ProblemDetails, unexpectedAnswer } from "./client-error.ts";
import type { BulkLine, BulkResult } from "./routes.ts";

/** What the API said to one line. */
export type BulkAnswer<L = BulkLine, R = BulkResult> = {
  readonly line: L;
  readonly status: number;
  /** Sent more than once, for a broken connection or because the API put it off: "replayed" may mean this very call. */
  readonly resent: boolean;
} & ({ readonly result: R } | { readonly problem: ProblemDetails });

/** A line's place among the answers. */
export interface Slot<L, R> {
  readonly line: L;
  sends: number;
  answer?: BulkAnswer<L, R>;
}

interface AnswerLine<R> {
  /** From 1, within its request. */
  readonly line: number;
  readonly status: number;
  readonly result?: R;
  readonly problem?: ProblemDetails;
}

/** One bulk request: what is sent on it, and which answer belongs to which line. */
export class Exchange<L, R> {
  readonly body = new Readable({ read: () => undefined });
  /** Resolves when nothing more is to be sent: it is over, or the API put a line off. */
  readonly closing: Promise<void>;
  readonly close: () => void;
  readonly #awaiting: Slot<L, R>[] = [];
  #unsent: string[] = [];
  #lines = 0;
  #answered = 0;
  #closed = false;
  #putOff: ClientError | undefined;

  constructor(unanswered: readonly Slot<L, R>[]) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closing = promise;
    this.close = () => {
      this.#closed = true;
      resolve();
    };
    // Why a body fails is told by the answer.
    this.body.on("error", () => undefined);
    for (const slot of unanswered) this.send(slot);
  }

  get lines(): number {
    return this.#lines;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get isAnswered(): boolean {
    return this.#awaiting.length === 0;
  }

  /** The problem of the first line that the API wants again in a moment. */
  get putOff(): ClientError | undefined {
    return this.#putOff;
  }

  send(slot: Slot<L, R>): void {
    slot.sends += 1;
    this.#lines += 1;
    this.#awaiting.push(slot);
    // Lines that come in one turn of the event loop leave in one write.
    if (this.#unsent.push(`${JSON.stringify(slot.line)}\n`) === 1) setImmediate(() => this.#flush());
  }

  end(): void {
    this.#flush();
    this.#push(null);
  }

  /** Gives an answer to its line. False if it is not final: the line is to be sent again. */
  take({ line, status, result, problem }: AnswerLine<R>): boolean {
    const slot = this.#awaiting.shift();
    this.#answered += 1;
    if (slot === undefined || line !== this.#answered || (result ?? problem) === undefined) {
      throw unexpectedAnswer(status, `answer ${this.#answered} is not the one to its line`);
    }
    const trouble = problem && new ClientError(problem);
    if (trouble?.isPassing) {
      this.#putOff ??= trouble;
      this.close();
      return false;
    }
    const outcome = problem === undefined ? { result: result as R } : { problem };
    slot.answer = { line: slot.line, status, resent: slot.sends > 1, ...outcome };
    return true;
  }

  #flush(): void {
    if (this.#unsent.length > 0) this.#push(this.#unsent.join(""));
    this.#unsent = [];
  }

  #push(chunk: string | null): void {
    if (!this.body.destroyed && !this.body.readableEnded) this.body.push(chunk);
  }
}

/** The answers as they arrive. Throws if the last line is cut off. */
export async function* readAnswers<R>(body: Readable): AsyncGenerator<AnswerLine<R>[]> {
  body.setEncoding("utf8");
  let rest = "";
  for await (const text of body as AsyncIterable<string>) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() as string;
    yield lines.map((line) => parseAnswer<R>(line));
  }
  if (rest !== "") throw new Error("the answer ended within a line");
}

function parseAnswer<R>(text: string): AnswerLine<R> {
  try {
    return JSON.parse(text) as AnswerLine<R>;
  } catch {
    throw unexpectedAnswer(200, "a line of the answer is not JSON");
  }
}
