import { projectionsOf } from "@taem/host";
import { contexts } from "@taem/taem-service";

/** The names of all that the product makes of the log. */
export const PROJECTIONS: readonly string[] = projectionsOf({
  contexts,
  store: { read: () => Promise.reject(new Error("nothing is read here")) },
}).map(({ name }) => name);
