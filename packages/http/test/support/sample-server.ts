import { createHealth, createLogger, createMetrics, type Health, type Metrics } from "@taem/runtime";
import { vi } from "vitest";
import {
  ApiError,
  type ApiKeys,
  createMonitor,
  createServer,
  type Limits,
  type Principal,
  type Route,
  type Server,
  type ServerOptions,
  type Wanted,
} from "../../src/index.ts";
import { samplePermissions, sampleProblems } from "./sample-tables.ts";

export type LogLine = Readonly<Record<string, unknown>>;

export interface Sample extends AsyncDisposable {
  readonly url: string;
  /** Starts one for the same process; its address. */
  monitor(): Promise<string>;
  readonly server: Server;
  readonly keys: MemoryKeys;
  readonly log: readonly LogLine[];
  readonly health: Health;
  readonly metrics: Metrics;
  /** The token of a new client's key; of the whole installation and with every permission unless told. */
  token(rights?: SampleRights): string;
  /** Log lines with the message, once there are as many. */
  logged(message: string, count?: number): Promise<readonly LogLine[]>;
}

export type SampleRights = Partial<Omit<Principal, "id" | "key">>;

export async function startSample(
  routes: readonly Route[],
  limits: Partial<Limits> = {},
  { tracer, trustedProxies = [] }: Pick<ServerOptions, "tracer" | "trustedProxies"> = {},
): Promise<Sample> {
  const log: LogLine[] = [];
  const destination = { write: (text: string) => void log.push(JSON.parse(text) as LogLine) };
  const logger = createLogger({ service: "sample", level: "info", destination });
  const keys = new MemoryKeys();
  const health = createHealth();
  const metrics = createMetrics();
  const info = { title: "Sample", version: "1", description: "Routes for tests." };
  const tables = { problems: sampleProblems, permissions: samplePermissions };
  const server = createServer({
    ...{ info, routes, ...tables, apiKeys: keys },
    ...{ logger, metrics, health, limits, tracer, trustedProxies },
  });
  const url = await server.listen(0, "127.0.0.1");
  const monitors = new AsyncDisposableStack();
  const monitor = async () => {
    const started = monitors.use(createMonitor({ logger, metrics, health }));
    return await started.listen(0, "127.0.0.1");
  };
  return {
    url,
    monitor,
    server,
    keys,
    log,
    health,
    metrics,
    token: (rights = {}) => keys.make(rights),
    logged: (message, count = 1) =>
      vi.waitFor(() => {
        const lines = log.filter((line) => line["msg"] === message);
        if (lines.length < count) throw new Error(`${lines.length} of ${count} lines: ${message}`);
        return lines;
      }),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await monitors.disposeAsync();
    },
  };
}

/** API keys in memory, as the edge sees them; counts its look-ups. */
export class MemoryKeys implements ApiKeys {
  readonly #principals = new Map<string, Principal>();
  #made = 0;
  lookUps = 0;
  /** What each was asked with. */
  readonly wanted: Wanted[] = [];
  failing = false;
  /** Settles when a look-up has its answer; undefined = at once. */
  answered: Promise<void> | undefined;

  /** The token of a new client's key. */
  make(principal: SampleRights): string {
    const client = (++this.#made).toString(16).padStart(16, "0");
    const token = `taem_${client}-1_${client.repeat(4)}`;
    const rights = { name: "test", programmes: null, permissions: samplePermissions.names, systems: null };
    this.#principals.set(token, { id: client, key: `${client}-1`, ...rights, ...principal });
    return token;
  }

  revoke(token: string): void {
    this.#principals.delete(token);
  }

  verify(token: string, _: unknown, wanted: Wanted): Promise<Principal | undefined> | Principal | undefined {
    this.lookUps += 1;
    this.wanted.push(wanted);
    const answer = this.#principals.get(token);
    if (!this.failing) return this.answered?.then(() => answer) ?? answer;
    throw new ApiError("unavailable", { cause: new Error("connection to postgres://taem:hunter2@db lost") });
  }
}
