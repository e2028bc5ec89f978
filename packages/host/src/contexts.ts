import type { EventStore } from "@taem/event-store";
import type { Projection } from "@taem/processing";
import { type Catalogue, createCatalogue } from "@taem/schema";
import type { AnyContext } from "./context.ts";
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
