import { AppliedKeys, type BusinessKey, type Part } from "@taem/kernel";
import type { DomainEvent } from "@taem/schema";
import type { Aggregate, Snapshots } from "./aggregate.ts";

/** An event of an aggregate whose commands have keys; those that no command made have none. */
export interface KeyedEvent extends DomainEvent {
  readonly key?: BusinessKey;
  /** Of what the command meant. A key without one stands for one meaning. */
  readonly fingerprint?: string;
  /** The parts of one effect follow each other and share its key. */
  readonly part?: Part;
}

/** The state of a stream, and which keys its commands have applied. */
export interface Keyed<S> {
  /** Number of events folded. */
  revision: number;
  readonly keys: AppliedKeys;
  state: S;
}

const BYTES_A_KEY = 28;

/** An aggregate whose commands have keys, of one that knows nothing of them. */
export function keyedAggregate<S, E extends KeyedEvent>(of: Aggregate<S, E>): Aggregate<Keyed<S>, E> {
  const { snapshots } = of;
  return {
    events: of.events,
    initial: () => ({ revision: 0, keys: new AppliedKeys(), state: of.initial() }),
    evolve(keyed, event) {
      keyed.revision++;
      if (event.key !== undefined) keyed.keys.add(event.key, keyed.revision);
      keyed.state = of.evolve(keyed.state, event);
      return keyed;
    },
    draft: ({ revision, keys, state }) => ({ revision, keys: keys.draft(), state: of.draft(state) }),
    commit: ({ revision, keys, state }) => ({ revision, keys: keys.commit(), state: of.commit(state) }),
    weight: ({ keys, state }) => of.weight(state) + BYTES_A_KEY * keys.size,
    ...(snapshots && { snapshots: keyedSnapshots(snapshots) }),
  };
}

/** Those of a keyed aggregate, by those of what it is made of. */
export function keyedSnapshots<S>({ schema, write, read }: Snapshots<S>): Snapshots<Keyed<S>> {
  return {
    schema: `keyed-1 ${schema}`,
    write: ({ revision, keys, state }) => `${revision} ${keys.toBytes().toString("base64")} ${write(state)}`,
    read(text) {
      const [revision = "", keys = ""] = text.split(" ", 2);
      return {
        revision: Number(revision),
        keys: AppliedKeys.fromBytes(Buffer.from(keys, "base64")),
        state: read(text.slice(revision.length + keys.length + 2)),
      };
    },
  };
}
