import { projectionNames } from "@taem/host";
import { contexts } from "@taem/taem-service";

/** The names of all that the product makes of the log. */
export const PROJECTIONS: readonly string[] = projectionNames(contexts);
