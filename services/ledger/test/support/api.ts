import { createServer } from "@taem/http";
import { createHealth } from "@taem/runtime";
import type { Installation } from "./installation.ts";

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

export interface Api extends AsyncDisposable {
  get(path: string): Promise<Answer>;
}

/** The ledger's routes behind a real server, asked with a key that may read everything. */
export async function serve({ ledger, platform }: Installation): Promise<Api> {
  const server = createServer({
    info: { title: "test", version: "1", description: "test" },
    routes: ledger.routes,
    apiKeys: {
      verify: async () => ({ keyId: "test", name: "test", programme: null, scopes: ["read", "finance"] }),
    },
    logger: platform.logger,
    metrics: platform.metrics,
    health: createHealth(),
    clock: platform.clock,
  });
  const url = await server.listen(0, "127.0.0.1");
  return {
    get: async (path) => {
      const response = await fetch(`${url}/v1/programmes/${path}`, {
        headers: { authorization: "Bearer test", connection: "close" },
      });
      return { status: response.status, body: await response.json() };
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}
