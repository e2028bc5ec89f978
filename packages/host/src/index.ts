export { type Caller, callerOf, claimantOf, metaOf, unlessRefused } from "./caller.ts";
export type { HandlerConfig } from "./command-handler.ts";
export {
  type Config,
  dataPlaceOf,
  printableConfig,
  readConfig,
  type ServiceName,
  sameDataAs,
} from "./config.ts";
export {
  type AnyContext,
  type Complete,
  type Context,
  defineContext,
  eventsOf,
  type OpenContext,
  type PortsOf,
  type Process,
  type Projectors,
  type Worker,
} from "./context.ts";
export {
  aggregatesOf,
  catalogueOf,
  permissionsOf,
  problemsOf,
  projectionNames,
  projectionsOf,
  reactorsOf,
  readModelsOf,
} from "./contexts.ts";
export { type Cut, cutOf } from "./cut.ts";
export { restrictAccess } from "./event-store.ts";
export { INSTALLATION_STREAM, installation } from "./installation-events.ts";
export { type LogName, nameLog, readLogName } from "./log-name.ts";
export { acceptedLosses, noteLostEvents } from "./lost-events.ts";
export { addressOf, type Beside, main, monitorOf, runProgram } from "./main.ts";
export { parkedOfProgramme } from "./parked-streams.ts";
export { migrateDatabase, openPlatform, openToolPlatform, type Platform } from "./platform.ts";
export { type HostingOptions, type Program, startProgram } from "./program.ts";
export { projectHere } from "./project-here.ts";
export { Reach, type ReachTools, type Reading } from "./reach.ts";
export { whoReadAnotherLog } from "./readers.ts";
export { messageOf } from "./start-fault.ts";
export { type ReadTools, uniqueStreamOf, type WriteTools } from "./tools.ts";
