import type { AnyContext } from "@taem/host";
import type { Described } from "@taem/http";

/** The service that serves each part of what contexts describe. */
export const servedBy = { commands: "commands", queries: "ledger" } as const;

/** Who is asked what no rule names. */
export const byDefault = servedBy.commands;

/** Where a gateway sends requests. */
export interface GatewayRule {
  readonly service: string;
  /** Of `<method> <target>`, the target as it was sent: in every syntax of regular expressions the same. */
  readonly pattern: string;
}

/**
 * What a gateway has to know of the routes that contexts describe: a rule for each path that another service than the default one
 * serves. A path of one service alone is that service's whatever the method, so that who knows the path says which it takes.
 */
export function gatewayRules(contexts: readonly AnyContext[]): readonly GatewayRule[] {
  const routes = (part: keyof typeof servedBy): readonly Described[] =>
    contexts.flatMap(({ api }) => Object.values(api?.[part] ?? {}));
  const paths = new Set(routes("commands").map(({ path }) => path));
  const byPath = Map.groupBy(routes("queries"), ({ path }) => path);
  return [...byPath].map(([path, some]) => {
    const methods = paths.has(path) ? `(${some.flatMap(methodsOf).join("|")})` : "[A-Z]+";
    return { service: servedBy.queries, pattern: `^${methods} ${patternOf(path)}(\\?|$)` };
  });
}

/** Whoever serves GET serves HEAD. */
function methodsOf({ method }: Described): readonly string[] {
  return method === "GET" ? ["GET", "HEAD"] : [method];
}

function patternOf(path: string): string {
  return path.replaceAll(/[.+*?()[\]|^$\\]/g, "\\$&").replaceAll(/\{[^}]+\}/g, "[^/?]+");
}
