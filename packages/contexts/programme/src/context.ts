import { defineContext } from "@taem/host";
import { definitionRoutes } from "./api/definition-routes.ts";
import { programmeApi } from "./api/index.ts";
import { programmeListRoute } from "./api/programme-list-route.ts";
import { type ChangesPorts, ProgrammeChanges } from "./application/programme-changes.ts";
import { Programmes } from "./application/programmes.ts";
import { programme as category, codeReservations } from "./events.ts";
import { PROGRAMMES, programmesProjection } from "./read-model/programmes-projection.ts";

/** Programmes: their definitions as versioned data, who may change them, and the business clock. */
export const programme = defineContext({
  name: "programme",
  api: programmeApi,
  categories: [category, codeReservations],
  readModels: () => [programmesProjection()],
  open: (process, ports: ChangesPorts) => {
    const programmes = new Programmes(process);
    return {
      ports: { programmes },
      commands: () => {
        const tools = { ...process, handler: process.handler() };
        // Whole by now; a port that is not there is asked for nothing.
        const changes = new ProgrammeChanges(tools, programmes, ports);
        return definitionRoutes({ programmes, changes, now: () => process.clock.now() });
      },
      queries: (projectors) => {
        const projector = projectors.get(PROGRAMMES);
        return projector === undefined
          ? []
          : [programmeListRoute({ ...process, database: process.readModels, projector, programmes })];
      },
    };
  },
});
