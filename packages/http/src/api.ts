import type { Described, ValueOf } from "./described.ts";
import type { Permissions } from "./permissions.ts";
import type { Problems } from "./problems.ts";

/** Descriptions by names. */
type Group = Readonly<Record<string, Described>>;

/** The same by what identifies them: `GET /v1/programmes/{programme}`. */
type Routes<G extends Group> = {
  readonly [One in ValueOf<G> as `${One["method"]} ${One["path"]}`]: One;
};

/**
 * How a context is described to its callers. As a type it is all that a client needs; those of several contexts are described
 * together by their intersection.
 */
export interface ApiDescription<
  Commands extends Group = Group,
  Queries extends Group = Group,
  Own extends Problems = Problems,
> {
  /** Routes that decide and append, and those that the log itself answers beside them. */
  readonly commands: Commands;
  /** Routes that read models answer. */
  readonly queries: Queries;
  /** Problems that the context defines; it may answer with those of others, too. */
  readonly problems: Own;
  readonly permissions: Permissions;
}

/** Throws where a route is described twice. */
export function describeApi<
  const C extends Group = Record<never, never>,
  const Q extends Group = Record<never, never>,
  const P extends Problems = Record<never, never>,
>(described: {
  readonly commands?: C;
  readonly queries?: Q;
  readonly problems?: P;
  readonly permissions?: Permissions;
}): ApiDescription<Routes<C>, Routes<Q>, P> {
  const { commands = {}, queries = {}, problems = {}, permissions = {} } = described;
  const all = { commands: byRoute(commands), queries: byRoute(queries), problems, permissions };
  return all as ApiDescription<Routes<C>, Routes<Q>, P>;
}

function byRoute(group: Group): Group {
  const routes = new Map<string, Described>();
  for (const one of Object.values(group)) {
    const name = routeName(one);
    if (routes.has(name)) throw new Error(`${name} is described twice`);
    routes.set(name, one);
  }
  return Object.fromEntries(routes);
}

export function routeName({ method, path }: Pick<Described, "method" | "path">): string {
  return `${method} ${path}`;
}
