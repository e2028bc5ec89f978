import { once } from "node:events";
import type pg from "pg";

const GOODBYE_MS = 1_000;

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
  /** When a connection was last known to work, of `performance.now()`. */
  readonly #heardAt = new WeakMap<pg.PoolClient, number>();
  /** What was not heard of since may be silent. */
  #silentSince = 0;
  readonly #open = new Set<pg.PoolClient>();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
    pool.on("connect", (client) => {
      this.#heardAt.set(client, performance.now());
      this.#open.add(client);
    });
    pool.on("remove", (client) => this.#open.delete(client));
  }

  /** Waits for what is lent. */
  async close(): Promise<void> {
    await this.#pool.end();
    await Promise.all([...this.#open].map((client) => untilEnded(client, once(client, "end"))));
  }

  /** For a transaction. The pool itself drops a connection that was lost. */
  async lend<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#take();
    try {
      return await use(client);
    } finally {
      this.#heardAt.set(client, performance.now());
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
      this.#heardAt.set(client, performance.now());
      client.release(hasFailed);
    }
  }

  /** The same. When the server has said nothing over it for so long the connection is destroyed, and rejects as lost. */
  lendWithin<T>(silenceMs: number, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return this.lendOnce(async (client) => {
      const { stream } = client.connection;
      const askedAt = performance.now();
      let isHeard = false;
      const giveUp = () => {
        if (isHeard) return;
        this.#silentSince = Math.max(this.#silentSince, askedAt);
        stream.destroy();
      };
      const silence = setTimeout(() => {
        isHeard = false;
        // It may be we who were held, and what was said meanwhile is read only now.
        setImmediate(giveUp);
      }, silenceMs);
      const hear = () => {
        isHeard = true;
        silence.refresh();
      };
      stream.on("data", hear);
      try {
        return await use(client);
      } finally {
        isHeard = true;
        clearTimeout(silence);
        stream.off("data", hear);
      }
    });
  }

  async #take(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await this.#pool.connect();
      if ((this.#heardAt.get(client) ?? 0) >= this.#silentSince) return client;
      // Not ended: a goodbye would wait for the other side.
      client.connection.stream.destroy();
      client.release(true);
    }
  }
}
