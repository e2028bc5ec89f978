export {
  canonicalWorkload,
  type Workload,
  type WorkloadLine,
  type WorkloadParameters,
} from "./canonical-workload.ts";
export { type Definitions, endOfSimulation, POINT, STAMP } from "./definitions.ts";
export type { Chunk, CommandLine, Expected, Operation, PlannedLine, Sender, SourceKey } from "./line.ts";
export type { Oracle } from "./oracle.ts";
export { type Api, defineProgramme, type Progress, runSimulation, type SimulationRun } from "./run.ts";
export { type Simulation, type SimulationParameters, simulate } from "./simulation.ts";
export type { Summary, Unexpected } from "./tally.ts";
