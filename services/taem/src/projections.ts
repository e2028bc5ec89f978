import { createLedgerProjection, scheduleProjection } from "@taem/ledger";
import type { Projection } from "@taem/processing";
import { InvalidArgumentError } from "commander";
import type { Store } from "./event-store.ts";

interface Log {
  readonly store: Store;
}

/** The read models: their rows are what the log says and nothing else, so that installations can be compared. */
export function readModelsOf(platform: Log): readonly Projection[] {
  return [createLedgerProjection(platform)];
}

/** All that is made of the log and can be made anew: the schedule too, from which tasks go when they are done. */
export function projectionsOf(platform: Log): readonly Projection[] {
  return [...readModelsOf(platform), scheduleProjection()];
}

/** Refuses a name that no projection has. */
export function projectionNamed(platform: Log, name: string): Projection {
  const projection = projectionsOf(platform).find((one) => one.name === name);
  if (projection === undefined) throw new InvalidArgumentError(`there is no projection ${name}`);
  return projection;
}
