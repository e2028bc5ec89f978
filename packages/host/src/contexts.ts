import type { AggregateOf, EventStore } from "@taem/event-store";
import { PermissionTable, ProblemTable, type Route, routeName } from "@taem/http";
import type { Projection } from "@taem/processing";
import { type Catalogue, categoryOf, createCatalogue } from "@taem/schema";
import type { AnyContext, OpenContext } from "./context.ts";
import { installation } from "./installation-events.ts";

interface Hosted {
  readonly contexts: readonly AnyContext[];
  readonly store: Pick<EventStore, "read">;
}

/** Everything that a program of these contexts knows of the log. */
export function catalogueOf(contexts: readonly AnyContext[]): Catalogue {
  return createCatalogue([installation, ...contexts.flatMap(({ categories }) => categories)]);
}

/** The read models: their rows are what the log says and nothing else, so that installations can be compared. */
export function readModelsOf({ contexts, store }: Hosted): readonly Projection[] {
  return contexts.flatMap(({ readModels }) => readModels?.(store) ?? []);
}

/** What events lead to, of all contexts: timers, and processes under way. */
export function reactorsOf({ contexts }: Pick<Hosted, "contexts">): readonly Projection[] {
  return contexts.flatMap(({ reactors = [] }) => reactors.map(({ projection }) => projection));
}

/** All that is made of the log and can be made anew. */
export function projectionsOf(hosted: Hosted): readonly Projection[] {
  return [...readModelsOf(hosted), ...reactorsOf(hosted)];
}

/** How the streams are folded that snapshots are kept of. */
export function aggregatesOf({ contexts }: Pick<Hosted, "contexts">): AggregateOf {
  const kept = contexts.flatMap(({ snapshotted = [] }) => snapshotted);
  const aggregates = new Map(kept.map(({ category, aggregate }) => [category.name, aggregate]));
  return (stream) => aggregates.get(categoryOf(stream) ?? "");
}

/** What operators call them. */
export function projectionNames(contexts: readonly AnyContext[]): readonly string[] {
  const store = { read: () => Promise.reject(new Error("nothing is read to know a name")) };
  return projectionsOf({ contexts, store }).map(({ name }) => name);
}

/** Every problem that a program of these contexts answers with. Throws where two define the same. */
export function problemsOf(contexts: readonly AnyContext[]): ProblemTable {
  return new ProblemTable(...contexts.map(({ api }) => api?.problems ?? {}));
}

/** Every permission that a client may have in a program of these contexts. Throws where two define the same. */
export function permissionsOf(contexts: readonly AnyContext[]): PermissionTable {
  return new PermissionTable(...contexts.map(({ api }) => api?.permissions ?? {}));
}

/**
 * An open context that serves what it describes, and nothing else: clients and gateways go by the descriptions alone. Its routes
 * throw where the two differ.
 */
export function asDescribed({ name, api }: AnyContext, opened: OpenContext<object>): OpenContext<object> {
  const checked = (described: object = {}, routes: readonly Route[] = []) => {
    const served = routes.map(routeName);
    const known = Object.keys(described);
    const silent = served.find((one) => !known.includes(one));
    if (silent !== undefined)
      throw new Error(`the context ${name} serves ${silent}, which it does not describe`);
    const missing = known.find((one) => !served.includes(one));
    if (missing !== undefined)
      throw new Error(`the context ${name} describes ${missing}, which it does not serve`);
    return routes;
  };
  return {
    ...opened,
    commands: () => checked(api?.commands, opened.commands?.()),
    queries: (projectors) => checked(api?.queries, opened.queries?.(projectors)),
  };
}
