import type { ApiKeys } from "@taem/http";

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

export interface Api {
  get(path: string, asking?: Asking): Promise<Answer>;
}

/** Any key, which may read everything. */
export const apiKeys: ApiKeys = {
  verify: async (caller) => ({
    ...{ id: caller, key: `${caller}-1`, name: "test", programmes: null, systems: null },
    permissions: ["read", "finance"],
  }),
};

export function callerOf({ url }: { readonly url: string }): Api {
  return {
    get: async (path, { caller = "test", signal } = {}) => {
      const response = await fetch(`${url}/v1/programmes${/^(\?|$)/.test(path) ? "" : "/"}${path}`, {
        headers: { authorization: `Bearer ${caller}`, connection: "close" },
        signal: signal ?? null,
      });
      return { status: response.status, body: await response.json() };
    },
  };
}
