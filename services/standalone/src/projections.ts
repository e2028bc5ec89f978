import { createLedgerProjection } from "@taem/ledger";
import type { Projection } from "@taem/projection";
import { InvalidArgumentError } from "commander";
import type { Platform } from "./platform.ts";

/** The read models that are compared, rebuilt and exported, by name. */
export function projectionsOf(platform: Platform): readonly Projection[] {
  return [createLedgerProjection(platform)];
}

/** Refuses a name that no projection has. */
export function projectionNamed(platform: Platform, name: string): Projection {
  const projection = projectionsOf(platform).find((one) => one.name === name);
  if (projection === undefined) throw new InvalidArgumentError(`there is no projection ${name}`);
  return projection;
}
