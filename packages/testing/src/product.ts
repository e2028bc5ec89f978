import { catalogueOf, permissionsOf, projectionNames } from "@taem/host";
import { contexts } from "@taem/taem-service";

/** Every permission of the product. */
export const PERMISSIONS = permissionsOf(contexts).names;

/** The names of all that the product makes of the log. */
export const PROJECTIONS: readonly string[] = projectionNames(contexts);

/** Every event there is, by its type. */
export const CATALOGUE = catalogueOf(contexts);
