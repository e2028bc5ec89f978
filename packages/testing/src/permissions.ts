import { permissionsOf } from "@taem/host";
import { contexts } from "@taem/taem-service";

/** Every permission of the product. */
export const PERMISSIONS = permissionsOf(contexts).names;
