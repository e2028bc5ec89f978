import {
  createHealth,
  createLogger,
  createMetrics,
  type Health,
  type Metrics,
  type Tracer,
} from "@taem/runtime";
import { vi } from "vitest";
import {
  type ApiKey,
  CachedApiKeys,
  createApiKey,
  createServer,
  type Limits,
  type Principal,
  type Route,
  type Scope,
  type Server,
} from "../../src/index.ts";

export type LogLine = Readonly<Record<string, unknown>>;

export interface Sample extends AsyncDisposable {
  readonly url: string;
  readonly server: Server;
  readonly keys: MemoryKeys;
  readonly log: readonly LogLine[];
  readonly health: Health;
  readonly metrics: Metrics;
  /** The token of a new key; of the whole installation and with every scope unless told. */
  token(key?: Partial<Omit<Principal, "keyId">>): Promise<string>;
  /** Log lines with the message, once there are as many. */
  logged(message: string, count?: number): Promise<readonly LogLine[]>;
}

const ALL: readonly Scope[] = ["earn", "burn", "read", "finance", "partner", "admin"];

export async function startSample(
  routes: readonly Route[],
  limits: Partial<Limits> = {},
  tracer?: Tracer,
): Promise<Sample> {
  const log: LogLine[] = [];
  const destination = { write: (text: string) => void log.push(JSON.parse(text) as LogLine) };
  const logger = createLogger({ service: "sample", level: "info", destination });
  const keys = new MemoryKeys();
  const health = createHealth();
  const metrics = createMetrics();
  const info = { title: "Sample", version: "1", description: "Routes for tests." };
  const apiKeys = new CachedApiKeys(keys);
  const server = createServer({ info, routes, apiKeys, logger, metrics, health, limits, tracer });
  const url = await server.listen(0, "127.0.0.1");
  return {
    url,
    server,
    keys,
    log,
    health,
    metrics,
    token: async (key) =>
      (await createApiKey(keys, { name: "test", programme: null, scopes: ALL, ...key })).token,
    logged: (message, count = 1) =>
      vi.waitFor(() => {
        const lines = log.filter((line) => line["msg"] === message);
        if (lines.length < count) throw new Error(`${lines.length} of ${count} lines: ${message}`);
        return lines;
      }),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** A key store in memory that counts its look-ups. */
export class MemoryKeys {
  readonly keys = new Map<string, ApiKey>();
  lookUps = 0;
  failing = false;

  find(keyIds: readonly string[]): Promise<ApiKey[]> {
    this.lookUps += 1;
    if (this.failing) return Promise.reject(new Error("connection to postgres://taem:hunter2@db lost"));
    return Promise.resolve(keyIds.map((id) => this.keys.get(id)).filter((key) => key !== undefined));
  }

  insert(key: Omit<ApiKey, "createdAt" | "revokedAt">): Promise<void> {
    this.keys.set(key.keyId, { ...key, createdAt: 0, revokedAt: null });
    return Promise.resolve();
  }

  revoke(keyId: string): Promise<boolean> {
    const key = this.keys.get(keyId);
    if (key !== undefined) this.keys.set(keyId, { ...key, revokedAt: 1 });
    return Promise.resolve(key !== undefined);
  }

  list(): Promise<ApiKey[]> {
    return Promise.resolve([...this.keys.values()]);
  }
}
