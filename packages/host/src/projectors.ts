import type { Database } from "@taem/postgres";
import {
  assertVersions,
  type EventSource,
  type Progress,
  type Projection,
  Projector,
} from "@taem/processing";
import type { Clock, Logger, Metrics, Tracer } from "@taem/runtime";
import type { Config } from "./config.ts";
import type { AnyContext } from "./context.ts";
import { reactorsOf, readModelsOf } from "./contexts.ts";
import type { Store } from "./event-store.ts";

/** What projectors stand on, in whichever thread. */
export interface ProjectingPlatform {
  readonly contexts: readonly AnyContext[];
  readonly database: Database;
  readonly store: Store;
  readonly installation: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly tracer: Tracer | undefined;
}

/** What a process in these roles projects. */
export function projectionsPlayed(
  platform: Pick<ProjectingPlatform, "contexts" | "store">,
  { TAEM_SERVICES: roles }: Config,
): readonly Projection[] {
  return [
    ...(roles.includes("ledger") ? readModelsOf(platform) : []),
    ...(roles.includes("scheduler") ? reactorsOf(platform) : []),
  ];
}

export interface ProjectorsOptions {
  readonly source: EventSource;
  readonly besideWriters: boolean;
  readonly onProgress?: (projection: string, progress: Progress) => void;
}

/** Starts a projector for each; `undo` ends them. */
export async function startProjectors(
  platform: ProjectingPlatform,
  projections: readonly Projection[],
  { onProgress, ...options }: ProjectorsOptions,
  undo: AsyncDisposableStack,
): Promise<ReadonlyMap<string, Projector>> {
  // All that are to be made anew are told of at once.
  await assertVersions(platform.database, projections);
  const projectors = new Map<string, Projector>();
  for (const projection of projections) {
    const { name } = projection;
    const projector = new Projector({
      ...platform,
      ...options,
      projection,
      onProgress: (progress) => onProgress?.(name, progress),
    });
    await projector.start();
    undo.defer(() => projector.stop());
    projectors.set(name, projector);
  }
  return projectors;
}
