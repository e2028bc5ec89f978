import { connect, type Socket } from "node:net";

/** One request as bytes on the wire; the answer is only counted, not read. */
export type NextRequest = () => Buffer | string;

export interface LoadOptions {
  readonly port: number;
  /** Connections, each with one request under way. */
  readonly clients: number;
  readonly seconds: number;
  /** Answers in these first seconds are not counted. */
  readonly warmUpSeconds: number;
  readonly next: NextRequest;
}

export interface LoadResult {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly answers: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const NOTHING = Buffer.alloc(0);
const LAST_CHUNK = Buffer.from("\r\n0\r\n\r\n");
const LENGTH = Buffer.from("content-length: ");

/** Tenths of a millisecond up to ten seconds: enough for a quantile, and no allocation per answer. */
class Latencies {
  readonly #counts = new Uint32Array(100_001);
  #total = 0;
  #max = 0;

  add(ms: number): void {
    const tenths = Math.min(100_000, Math.round(ms * 10));
    this.#counts[tenths] = (this.#counts[tenths] as number) + 1;
    this.#total++;
    if (ms > this.#max) this.#max = ms;
  }

  get total(): number {
    return this.#total;
  }

  get max(): number {
    return this.#max;
  }

  quantile(q: number): number {
    let left = Math.ceil(this.#total * q);
    for (let tenths = 0; tenths < this.#counts.length; tenths++) {
      left -= this.#counts[tenths] as number;
      if (left <= 0) return tenths / 10;
    }
    return this.#max;
  }
}

/**
 * Drives a server with plain sockets, so that the generator takes little of the two cores it shares with it. Expects
 * HTTP/1.1 answers on kept-alive connections of the loopback interface.
 */
export async function generateLoad(options: LoadOptions): Promise<LoadResult> {
  const { clients, seconds, warmUpSeconds } = options;
  const latencies = new Latencies();
  const statuses: Record<string, number> = {};
  const countFrom = performance.now() + warmUpSeconds * 1000;
  const until = countFrom + seconds * 1000;
  const record = (status: string, startedAt: number, now: number): void => {
    if (startedAt < countFrom || now > until) return;
    latencies.add(now - startedAt);
    statuses[status] = (statuses[status] ?? 0) + 1;
  };
  await Promise.all(Array.from({ length: clients }, () => runClient(options, until, record)));
  return {
    perSecond: latencies.total / seconds,
    p50: latencies.quantile(0.5),
    p99: latencies.quantile(0.99),
    max: latencies.max,
    answers: latencies.total,
    statuses,
  };
}

function runClient(
  { port, next }: LoadOptions,
  until: number,
  record: (status: string, startedAt: number, now: number) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let startedAt = 0;
  let received: Buffer = NOTHING;
  const send = (): void => {
    startedAt = performance.now();
    if (startedAt > until) {
      socket.end();
      resolve();
    } else socket.write(next());
  };
  socket.on("connect", send);
  socket.on("error", reject);
  socket.on("data", (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    if (!isWhole(received)) return;
    record(received.toString("latin1", 9, 12), startedAt, performance.now());
    received = NOTHING;
    send();
  });
  return promise;
}

/** One request is under way on a connection: what was received is one answer, by its length or its last chunk. */
function isWhole(received: Buffer): boolean {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return false;
  const at = received.subarray(0, headEnd + 2).indexOf(LENGTH);
  if (at < 0)
    return received.length > headEnd + 4 && received.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK);
  const digits = received.toString("latin1", at + LENGTH.length, at + LENGTH.length + 10);
  return received.length >= headEnd + 4 + Number.parseInt(digits, 10);
}
