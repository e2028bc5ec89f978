import { type EventStore, type LogPage, type Position, START } from "@taem/event-store";

/**
 * A store on a server that holds events of others before ours: its log begins after `base`. Nobody else may write to
 * the server meanwhile.
 */
export function viewAfter(base: Position, store: EventStore): EventStore {
  const inside = (position: Position) => (position <= base ? START : position);
  const outside = (position: Position) => (position === START ? base : position);
  const page = ({ events, next }: LogPage): LogPage => ({ events, next: inside(next) });
  return {
    ...store,
    head: async () => inside(await store.head()),
    readLog: async (after, limit, filter) => page(await store.readLog(outside(after), limit, filter)),
    async *follow(after, options) {
      for await (const followed of store.follow(outside(after), options)) yield page(followed);
    },
    positionAt: async (instant) => inside(await store.positionAt(instant)),
  };
}
