export { UnprojectableEvent } from "./applier.ts";
export { tracedEvents } from "./batch-trail.ts";
export { loadCheckpoints } from "./checkpoints.ts";
export { type Difference, describeDifference, type TableChanges } from "./comparison.ts";
export {
  type Batch,
  type EventRecord,
  type EventSource,
  judge,
  type Link,
  type LinkedEvent,
  landmarkAt,
  type SourceOptions,
} from "./event-source.ts";
export { areInLog, type Landmark, landmarkOf } from "./landmark.ts";
export { linksBetween } from "./log-range.ts";
export { Marks } from "./marks.ts";
export { oneAhead } from "./one-ahead.ts";
export { loadParked, type Parked } from "./parking.ts";
export { type Fold, type ProjectedEvent, type Projection, schemaOf, type Table } from "./projection.ts";
export { ProjectionError, type ProjectionErrorCode } from "./projection-error.ts";
export { Projector, type ProjectorOptions, type ProjectorStatus } from "./projector.ts";
export {
  assertOfThisLog,
  findMismatch,
  loadReach,
  type Mismatch,
  mismatchOf,
  type Reach,
} from "./reach.ts";
export {
  type RebuildOptions,
  type RebuildOutcome,
  type RebuildProgress,
  rebuild,
} from "./rebuild.ts";
export { type Replayed, replayParked } from "./replay.ts";
export { ensureSchema, versionOf } from "./schema.ts";
export { type SharedSourceOptions, sharedSource } from "./shared-source.ts";
export { storeLogSource } from "./store-log-source.ts";
