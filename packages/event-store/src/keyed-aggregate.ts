import { AppliedKeys, type BusinessKey, framed, type Part, unframed } from "@taem/kernel";
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
  const { owner, snapshots } = of;
  return {
    events: of.events,
    ...(owner && { owner }),
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
function keyedSnapshots<S, E extends KeyedEvent>(of: Snapshots<S, E>): Snapshots<Keyed<S>, E> {
  return {
    schema: `keyed-2 ${of.schema}`,
    write: ({ revision, keys, state }) => {
      const counted = Buffer.allocUnsafe(4);
      counted.writeUInt32LE(revision);
      return framed([counted, keys.toBytes(), of.write(state)]);
    },
    read(bytes) {
      const [revision, keys, state] = unframed(bytes, 3) as [Buffer, Buffer, Buffer];
      return {
        revision: revision.readUInt32LE(),
        keys: AppliedKeys.fromBytes(keys),
        state: of.read(state),
      };
    },
    agrees({ revision, keys, state }, event, at) {
      if (revision !== at || keys.size > at) return false;
      const first = at - ((event.part?.index ?? 1) - 1);
      if (event.key !== undefined && keys.revisionOf(event.key) !== first) return false;
      return of.agrees(state, event, at);
    },
    isSame: (a, b) => a.revision === b.revision && a.keys.isSame(b.keys) && of.isSame(a.state, b.state),
  };
}
