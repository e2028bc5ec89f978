import { once } from "node:events";
import type pg from "pg";

const GOODBYE_MS = 1_000;
/** How often what was asked is looked at for a silent server. */
const LOOK_MS = 100;

/** What is known of a connection. */
interface Line {
  /** When the server last said something over it, of `performance.now()`. */
  heardAt: number;
}

/** A statement under way, which is waited for only so long as its connection is not silent. */
interface Asked {
  readonly client: pg.PoolClient;
  readonly line: Line;
  readonly silenceMs: number;
  /** Of `performance.now()`. */
  readonly at: number;
}

/** Ends a connection that is not lent. */
export function endConnection(client: pg.Client): Promise<void> {
  return untilEnded(client, client.end());
}

/** Waits for a connection to end, and ends it where nobody is there to hear the goodbye. */
async function untilEnded(client: pg.Client, ending: Promise<unknown>): Promise<void> {
  const silence = setTimeout(() => client.connection.stream.destroy(), GOODBYE_MS);
  await ending.catch(() => {});
  clearTimeout(silence);
}

/**
 * Lends the connections of a pool, and none that may be as silent as one that was given up: what lies between us and the server
 * may swallow everything without closing anything, and then it does so with all connections of that time.
 */
export class ConnectionLender {
  readonly #pool: pg.Pool;
  readonly #lines = new WeakMap<pg.PoolClient, Line>();
  /** What was not heard of since may be silent. */
  #silentSince = 0;
  readonly #open = new Set<pg.PoolClient>();
  readonly #asked: Asked[] = [];
  #watch: NodeJS.Timeout | undefined;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
    pool.on("connect", (client) => {
      const line = { heardAt: performance.now() };
      this.#lines.set(client, line);
      client.connection.stream.on("data", () => {
        line.heardAt = performance.now();
      });
      this.#open.add(client);
    });
    pool.on("remove", (client) => this.#open.delete(client));
  }

  /** Waits for what is lent. */
  async close(): Promise<void> {
    await this.#pool.end();
    clearInterval(this.#watch);
    await Promise.all([...this.#open].map((client) => untilEnded(client, once(client, "end"))));
  }

  /** For a transaction. The pool itself drops a connection that was lost. */
  async lend<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#take();
    try {
      return await use(client);
    } finally {
      client.release();
    }
  }

  /** For a statement. What a connection remembers of one that failed is dropped with it: its table may be another by now. */
  async lendOnce<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#take();
    let hasFailed = true;
    try {
      const result = await use(client);
      hasFailed = false;
      return result;
    } finally {
      client.release(hasFailed);
    }
  }

  /** Destroys a lent connection over which the server says nothing for so long: what was asked rejects as on a lost one. */
  async listen<T>(client: pg.PoolClient, silenceMs: number, statement: () => Promise<T>): Promise<T> {
    // One clock for all: a timer and a listener for each statement cost more than many a statement.
    this.#watch ??= setInterval(() => this.#look(), LOOK_MS).unref();
    const asked: Asked = { client, line: this.#lineOf(client), silenceMs, at: performance.now() };
    this.#asked.push(asked);
    try {
      return await statement();
    } finally {
      this.#asked.splice(this.#asked.indexOf(asked), 1);
    }
  }

  #look(): void {
    const now = performance.now();
    if (!this.#asked.some((asked) => isSilent(asked, now))) return;
    // It may be we who were held, and what was said meanwhile is read only now.
    setImmediate(() => {
      for (const asked of this.#asked.filter((asked) => isSilent(asked, now))) {
        this.#silentSince = Math.max(this.#silentSince, asked.at);
        asked.client.connection.stream.destroy();
      }
    });
  }

  #lineOf(client: pg.PoolClient): Line {
    return this.#lines.get(client) as Line; // since it was connected
  }

  async #take(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await this.#pool.connect();
      if (this.#lineOf(client).heardAt >= this.#silentSince) return client;
      // Not ended: a goodbye would wait for the other side.
      client.connection.stream.destroy();
      client.release(true);
    }
  }
}

function isSilent({ line, silenceMs, at }: Asked, now: number): boolean {
  return now - Math.max(at, line.heardAt) > silenceMs;
}
