import { type Platform, projectionsOf } from "@taem/host";
import type { Projection } from "@taem/processing";
import { InvalidArgumentError } from "commander";

/** Refuses a name that no projection has. */
export function projectionNamed(platform: Platform, name: string): Projection {
  const all = projectionsOf(platform);
  const projection = all.find((one) => one.name === name);
  if (projection !== undefined) return projection;
  const names = all.map((one) => one.name).join(", ");
  throw new InvalidArgumentError(`there is no projection ${name}; there are ${names}`);
}
