import { type Platform, projectionsOf } from "@taem/host";
import type { Projection } from "@taem/processing";
import { InvalidArgumentError } from "commander";

/** Refuses a name that no projection has. */
export function projectionNamed(platform: Platform, name: string): Projection {
  const projection = projectionsOf(platform).find((one) => one.name === name);
  if (projection === undefined) throw new InvalidArgumentError(`there is no projection ${name}`);
  return projection;
}
