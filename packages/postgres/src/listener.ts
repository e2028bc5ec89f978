import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { endConnection } from "./connection-lender.ts";
import type { Log } from "./log.ts";

export interface Listener extends AsyncDisposable {
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;

/** Keeps one connection listening until closed: connects, waits for its end, connects again with growing pauses. */
export function startListener(
  connection: pg.ClientConfig,
  channel: string,
  onNotify: (payload: string | undefined) => void,
  log: Log,
): Listener {
  const stopping = new AbortController();
  const { signal } = stopping;
  const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));

  const keepListening = async () => {
    let pause = FIRST_RETRY_MS;
    while (!signal.aborted) {
      try {
        await listenUntilLost(connection, channel, stopped, (payload) => {
          pause = FIRST_RETRY_MS;
          if (!signal.aborted) onNotify(payload);
        });
      } catch (error) {
        log("database listener lost its connection", { channel, error: (error as Error).message });
      }
      await delay(pause, undefined, { signal }).catch(() => {});
      pause = Math.min(pause * 2, LAST_RETRY_MS);
    }
  };
  const finished = keepListening();

  const close = () => {
    stopping.abort();
    return finished;
  };
  return { close, [Symbol.asyncDispose]: close };
}

/** Resolves when told to stop, rejects when the connection is lost. */
async function listenUntilLost(
  connection: pg.ClientConfig,
  channel: string,
  stopped: Promise<void>,
  onNotify: (payload: string | undefined) => void,
): Promise<void> {
  const client = new pg.Client(connection);
  const lost = new Promise<never>((_, reject) => {
    client.on("error", reject);
    client.on("end", () => reject(new Error("Connection terminated")));
  });
  client.on("notification", ({ payload }) => onNotify(payload));
  const listen = async () => {
    await client.connect();
    await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
    onNotify(undefined);
    await stopped;
  };
  try {
    await Promise.race([listen(), lost, stopped]);
  } finally {
    await endConnection(client);
  }
}
