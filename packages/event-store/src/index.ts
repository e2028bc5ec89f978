export type { Aggregate, Appended, Snapshots, Step } from "./aggregate.ts";
export { type Claimant, Claims } from "./claims.ts";
export type { AppendedCommand } from "./command.ts";
export { CommandHandler, type CommandHandlerOptions, HandlerRefusal } from "./command-handler.ts";
export {
  type CounterAnswer,
  type CounterEvent,
  type CounterPlace,
  type CounterRefusalCode,
  Counters,
  counterAggregate,
  counterEvents,
  type Leg,
  type Reserve,
} from "./counter.ts";
export * from "./event-store.ts";
export { type Keyed, type KeyedEvent, keyedAggregate } from "./keyed-aggregate.ts";
export {
  type Before,
  decideKeyed,
  type KeyedCommand,
  type KeyedDecision,
  type Made,
} from "./keyed-command.ts";
export { Pauses, unlessAborted } from "./persistence.ts";
export { SealedSnapshots, type SealedSnapshotsOptions } from "./sealed-snapshots.ts";
export { SharedReader } from "./shared-reader.ts";
export type { SealedSnapshot, Snapshot, SnapshotStore } from "./snapshot-store.ts";
export { type AggregateOf, type DifferingSnapshot, verifySnapshots } from "./snapshot-verification.ts";
export {
  assertFollowing,
  assertOwn,
  damagedSlice,
  eventMissing,
  eventsOrDamage,
  notFolding,
  StreamDamaged,
  sliceOf,
} from "./stream-damage.ts";
