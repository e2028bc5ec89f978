export { definitionRoutes } from "./api/definition-routes.ts";
export { type ChangesPorts, ProgrammeChanges } from "./application/programme-changes.ts";
export { Programmes } from "./application/programmes.ts";
export { programme } from "./context.ts";
