import type pg from "pg";
import { copyChunks } from "./copy-encoding.ts";
import { type CopyStep, meaningOf, type StatementStep, type Value } from "./writes.ts";

/** Statements that a connection has parsed, by name. Beside those of pg, which keeps its own. */
const parsedBy = new WeakMap<pg.Connection, Set<string>>();

const COPY_DATA = 0x64;
const COPY_DONE = Buffer.from([0x63, 0, 0, 0, 4]);

/**
 * Sends steps one after the other without waiting for any, and one Sync at the end. The server takes them as one transaction,
 * whether or not one was begun, and leaves out all that follows on a step that fails; a message that is cut off before its
 * Sync has done nothing.
 */
export class WriteMessage implements pg.Submittable {
  readonly done: Promise<void>;
  readonly #steps: readonly (StatementStep | CopyStep)[];
  readonly #over = Promise.withResolvers<void>();
  #hasFailed = false;
  /** Steps that the server is done with. */
  #completed = 0;
  /** Names of what is being parsed, in order; undefined for what has none. */
  readonly #parsing: (string | undefined)[] = [];
  #stopListening: () => void = () => {};

  constructor(steps: readonly (StatementStep | CopyStep)[]) {
    this.#steps = steps;
    this.done = this.#over.promise;
  }

  /** Called by pg when it is this one's turn. */
  submit(connection: pg.Connection): void {
    const parsed = parsedBy.get(connection) ?? new Set();
    parsedBy.set(connection, parsed);
    const onParsed = () => {
      const name = this.#parsing.shift();
      if (name !== undefined) parsed.add(name);
    };
    connection.on("parseComplete", onParsed);
    this.#stopListening = () => connection.off("parseComplete", onParsed);
    // Without its Sync nothing of it counts, so whatever is wrong on this side ends the connection.
    this.#send(connection, parsed).catch((error: Error) => connection.stream.destroy(error));
  }

  handleCommandComplete(): void {
    this.#completed++;
  }

  /** What a statement returns is nobody's business here. */
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handleCopyInResponse(): void {}

  handleError(error: Error): void {
    this.#hasFailed = true;
    this.#stopListening();
    this.#over.reject(meaningOf(error, this.#steps[this.#completed]));
  }

  handleReadyForQuery(): void {
    this.#stopListening();
    this.#over.resolve();
  }

  async #send(connection: pg.Connection, parsed: ReadonlySet<string>): Promise<void> {
    const { stream } = connection;
    stream.cork();
    try {
      const sent = new Set(parsed);
      for (const step of this.#steps) {
        if (this.#hasFailed) break;
        if ("statement" in step) this.#sendStatement(connection, step.statement, step.values, sent);
        else await this.#sendCopy(connection, step);
      }
      connection.sync();
    } finally {
      stream.uncork();
    }
  }

  #sendStatement(
    connection: pg.Connection,
    { name, text }: StatementStep["statement"],
    values: readonly Value[],
    sent: Set<string>,
  ): void {
    // pg's own may have the same name.
    const statement = name === undefined ? "" : `write ${name}`;
    if (name === undefined || !sent.has(statement)) {
      this.#parsing.push(name === undefined ? undefined : statement);
      sent.add(statement);
      connection.parse({ name: statement, text, types: [] }, true);
    }
    connection.bind({ statement, values: values.map(parameter) }, true);
    connection.execute({}, true);
  }

  async #sendCopy(connection: pg.Connection, { table, columns, rows }: CopyStep): Promise<void> {
    this.#sendStatement(
      connection,
      { text: `COPY ${table} (${columns.join(", ")}) FROM STDIN` },
      [],
      new Set(),
    );
    const { stream } = connection;
    for (const chunk of copyChunks(rows)) {
      if (this.#hasFailed) return;
      const head = Buffer.alloc(5);
      head.writeUInt8(COPY_DATA);
      head.writeUInt32BE(Buffer.byteLength(chunk) + 4, 1);
      stream.write(head);
      if (!stream.write(chunk)) await this.#drained(stream);
    }
    stream.write(COPY_DONE);
  }

  /** No more is kept in memory than the socket wants; unless it is over. */
  async #drained(stream: pg.Connection["stream"]): Promise<void> {
    const drained = Promise.withResolvers<void>();
    stream.once("drain", drained.resolve);
    stream.uncork();
    await Promise.race([drained.promise, this.#over.promise.catch(() => undefined)]);
    stream.off("drain", drained.resolve);
    stream.cork();
  }
}

function parameter(value: Value): string | Buffer | null {
  return typeof value === "number" || typeof value === "bigint" ? String(value) : value;
}
