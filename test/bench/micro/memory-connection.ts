import type { Server } from "node:http";
import { Duplex } from "node:stream";
import type { Row } from "./row.ts";

const CONNECTIONS = 64;
const CREATED = Buffer.from("HTTP/1.1 201 ");
const END_OF_BODY = "}".charCodeAt(0);

/** One end of a connection within the process: sends a request and waits for its answer, a JSON object, again and again. */
class MemoryConnection extends Duplex {
  readonly #request: Buffer;
  readonly #onAnswer: (error?: Error) => void;
  #isAtHead = true;

  constructor(request: string, onAnswer: (error?: Error) => void) {
    super({ decodeStrings: true });
    this.#request = Buffer.from(request);
    this.#onAnswer = onAnswer;
  }

  send(): void {
    this.push(this.#request);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.#isAtHead && CREATED.compare(chunk, 0, CREATED.length) !== 0) {
      this.#onAnswer(new Error(`not a 201: ${chunk.toString("latin1")}`));
    }
    this.#isAtHead = chunk.at(-1) === END_OF_BODY;
    if (this.#isAtHead) this.#onAnswer();
    done();
  }
}

/**
 * What a server of HTTP costs a request, the kernel left out: clients with connections in memory, each sending its next
 * request in the turn of the event loop after its answer, as a socket would deliver it.
 */
export function requestsOf(server: Server, request: string): Row {
  let left = 0;
  let open = 0;
  let finished = Promise.withResolvers<void>();
  const answered: MemoryConnection[] = [];
  const sendOn = () => {
    for (const connection of answered.splice(0)) connection.send();
  };
  const connections = Array.from({ length: CONNECTIONS }, () => {
    const connection = new MemoryConnection(request, (error) => {
      if (error !== undefined) finished.reject(error);
      open--;
      if (left > 0) {
        left--;
        open++;
        if (answered.push(connection) === 1) setImmediate(sendOn);
      } else if (open === 0) finished.resolve();
    });
    server.emit("connection", connection);
    return connection;
  });
  return async (operations) => {
    finished = Promise.withResolvers();
    const first = connections.slice(0, operations);
    left = operations - first.length;
    open = first.length;
    for (const connection of first) connection.send();
    await finished.promise;
  };
}
