import { connect, type Socket } from "node:net";

const HEAD_END = Buffer.from("\r\n\r\n");
const LAST_CHUNK = Buffer.from("\r\n0\r\n\r\n");
const LENGTH = Buffer.from("content-length: ");
/** How an answer line of the bulk route says that its command was refused. */
const PROBLEM = Buffer.from('"problem":{');
const SHOWN = 1_000;
/** Room for what is read at a time. */
const ROOM = 65_536;

/** One connection to a server on this machine, with at most one request under way. Expects HTTP/1.1, kept alive. */
export class LoadConnection {
  readonly #socket: Socket;
  readonly #onAnswer: (connection: LoadConnection, sentAt: number) => void;
  readonly #ended = Promise.withResolvers<void>();
  #sentAt = 0;
  /** What is read goes here directly: as a stream of chunks it would be most of what an answer costs. */
  #memory = Buffer.allocUnsafe(2 * ROOM);
  #received = 0;

  /** `onAnswer` gets back the `sentAt` of the request. */
  constructor(port: number, onAnswer: (connection: LoadConnection, sentAt: number) => void) {
    this.#onAnswer = onAnswer;
    const onread = { buffer: () => this.#room(), callback: (bytes: number) => this.#take(bytes) };
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true, onread });
    this.#socket.on("error", (error) => this.#ended.reject(error));
    this.#socket.on("close", () => this.#ended.reject(new Error("the server closed a connection")));
  }

  /** Resolves after `close`; rejects at a lost connection or a bad answer. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  send(request: string, sentAt: number): void {
    this.#sentAt = sentAt;
    this.#socket.write(request, "latin1");
  }

  close(): void {
    this.#ended.resolve();
    this.#socket.destroy();
  }

  #room(): Buffer {
    if (this.#memory.length - this.#received < ROOM) {
      const larger = Buffer.allocUnsafe(2 * this.#memory.length);
      this.#memory.copy(larger, 0, 0, this.#received);
      this.#memory = larger;
    }
    return this.#memory.subarray(this.#received);
  }

  #take(bytes: number): boolean {
    this.#received += bytes;
    const answer = this.#memory.subarray(0, this.#received);
    if (!isWhole(answer)) return true;
    this.#received = 0;
    if (isGood(answer)) this.#onAnswer(this, this.#sentAt);
    else this.#ended.reject(new Error(`unexpected answer: ${shown(answer)}`));
    return true;
  }
}

/** One request is under way: what was received is one answer, by its length or its last chunk. */
function isWhole(received: Buffer): boolean {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return false;
  const at = received.subarray(0, headEnd + 2).indexOf(LENGTH);
  if (at < 0)
    return received.length > headEnd + 4 && received.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK);
  const digits = received.toString("latin1", at + LENGTH.length, at + LENGTH.length + 10);
  return received.length >= headEnd + 4 + Number.parseInt(digits, 10);
}

function isGood(answer: Buffer): boolean {
  const status = answer.toString("latin1", 9, 12);
  return (status === "200" || status === "201") && !answer.includes(PROBLEM);
}

function shown(answer: Buffer): string {
  const from = Math.max(0, answer.indexOf(PROBLEM));
  return answer.toString("utf8", from, from + SHOWN);
}
