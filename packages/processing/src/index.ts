export { UnprojectableEvent } from "./applier.ts";
export { causedBy, depthOf, MAX_DEPTH } from "./causation.ts";
export { loadCheckpoints } from "./checkpoints.ts";
export { type Difference, describeDifference, type TableChanges } from "./comparison.ts";
export { type DefinitionFold, DefinitionHistory } from "./definition-history.ts";
export {
  type Batch,
  type EventRecord,
  type EventSource,
  eventsOf,
  judge,
  type Link,
  type LinkedEvent,
  landmarkAt,
  linkedEvent,
  type Outage,
  type SourceOptions,
} from "./event-source.ts";
export { EventTelemetry, type Stage } from "./event-telemetry.ts";
export { headReaching } from "./head-reaching.ts";
export { Inbox, type IncomingMessage, type Received } from "./inbox/inbox.ts";
export { createInboxWorker, type InboxMessage, type InboxWorkerOptions } from "./inbox/inbox-worker.ts";
export { areInLog, type Landmark, landmarkOf } from "./landmark.ts";
export { StreamOrder } from "./log-integrity.ts";
export { linksBetween } from "./log-range.ts";
export { Marks } from "./marks.ts";
export { oneAhead } from "./one-ahead.ts";
export { loadParked, type Parked } from "./parking.ts";
export { complain, isPassing } from "./passing.ts";
export { type Fold, type ProjectedEvent, type Projection, schemaOf, type Table } from "./projection.ts";
export { ProjectionError, type ProjectionErrorCode } from "./projection-error.ts";
export { Projector, type ProjectorOptions, type ProjectorStatus } from "./projector.ts";
export { type Progress, ProgressBoard, type ProjectorView } from "./projector-view.ts";
export { type HeldMessage, heldMessages, replayMessage } from "./queue/message.ts";
export { done, later, type Outcome, park, refused } from "./queue/outcome.ts";
export type { QueueWorker } from "./queue/queue-worker.ts";
export { migrateQueues, nameOfQueue, QUEUE_TABLES, type QueueTable } from "./queue/schema.ts";
export {
  assertOfThisLog,
  findMismatch,
  loadReach,
  type Mismatch,
  mismatchOf,
  type Reach,
} from "./reach.ts";
export { createOutboxSender, type OutboxSenderOptions, type SentCommand } from "./reactions/outbox-sender.ts";
export { cancelTimer, type Reaction, send, setTimer } from "./reactions/reaction.ts";
export {
  createReactionRunner,
  type ReactionRunner,
  type ReactionRunnerOptions,
} from "./reactions/reaction-runner.ts";
export {
  defineProcessManager,
  defineReactor,
  type ProcessManagerOptions,
  type ProcessStep,
  type Reactor,
  type ReactorOptions,
} from "./reactions/reactor.ts";
export { TimerSender, type TimerSenderOptions } from "./reactions/timer-sender.ts";
export {
  type LostEvents,
  type RebuildOptions,
  type RebuildOutcome,
  type RebuildProgress,
  type RowVerification,
  rebuild,
  verifyRows,
} from "./rebuild.ts";
export { type Replayed, replayParked } from "./replay.ts";
export { type KeyedRows, type KeyedRowsOptions, keyedRows } from "./rows/keyed-rows.ts";
export type { KeyOf, RowOf } from "./rows/row-type.ts";
export { type RowsProjectionOptions, rowsProjection } from "./rows/rows-projection.ts";
export { assertVersions, ensureSchema, versionOf } from "./schema.ts";
export { type SharedSourceOptions, sharedSource } from "./shared-source.ts";
export { storeLogSource } from "./store-log-source.ts";
