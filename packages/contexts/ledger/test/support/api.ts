import { permissionsOf, problemsOf } from "@taem/host";
import { createServer, type Limits } from "@taem/http";
import { member } from "@taem/member";
import { principal } from "@taem/principal";
import { programme } from "@taem/programme";
import { createHealth } from "@taem/runtime";
import { ledger as ledgerContext } from "../../src/index.ts";
import type { Installation } from "./installation.ts";

const contexts = [member, ledgerContext, programme, principal];

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

export interface Asking {
  /** Whose key it is. */
  readonly caller?: string;
  readonly signal?: AbortSignal;
}

export interface Api extends AsyncDisposable {
  get(path: string, asking?: Asking): Promise<Answer>;
}

/** The ledger's routes behind a real server, asked with keys that may read everything. */
export async function serve(
  { ledger, platform }: Pick<Installation, "ledger" | "platform">,
  limits: Partial<Limits> = {},
): Promise<Api> {
  const server = createServer({
    info: { title: "test", version: "1", description: "test" },
    routes: ledger.routes,
    problems: problemsOf(contexts),
    permissions: permissionsOf(contexts),
    apiKeys: {
      verify: async (caller) => ({
        ...{ id: caller ?? "", key: `${caller}-1`, name: "test", programmes: null, systems: null },
        permissions: ["read", "finance"],
      }),
    },
    logger: platform.logger,
    metrics: platform.metrics,
    health: createHealth(),
    clock: platform.clock,
    limits,
  });
  const url = await server.listen(0, "127.0.0.1");
  return {
    get: async (path, { caller = "test", signal } = {}) => {
      const response = await fetch(`${url}/v1/programmes${/^(\?|$)/.test(path) ? "" : "/"}${path}`, {
        headers: { authorization: `Bearer ${caller}`, connection: "close" },
        signal: signal ?? null,
      });
      return { status: response.status, body: await response.json() };
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}
