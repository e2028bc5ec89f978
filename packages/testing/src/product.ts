import { permissionsOf, projectionsOf } from "@taem/host";
import { contexts } from "@taem/taem-service";

/** Every permission of the product. */
export const PERMISSIONS = permissionsOf(contexts).names;

/** The names of all that the product makes of the log. */
export const PROJECTIONS: readonly string[] = projectionsOf({
  contexts,
  store: { read: () => Promise.reject(new Error("nothing is read here")) },
}).map(({ name }) => name);
