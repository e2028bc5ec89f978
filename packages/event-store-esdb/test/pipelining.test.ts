import { CommandHandler, Counters } from "@taem/event-store";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { expect, test, vi } from "vitest";
import { newStream, openStore } from "./support/stores.ts";

// What waits for one stream waits for no other: the server stores each append by itself.

const STREAMS = 24;
const EACH = 8;
/** As a disk takes. */
const WRITE_MS = 10;
const CLAIMANT = { meta: { actor: "test", correlation: "test" }, deadline: Number.POSITIVE_INFINITY };

test("commands of many streams are under way together, those of each one after the other, and a stream that stands still is alone with it", async () => {
  await using server = await TestServer.start({ writeMs: WRITE_MS });
  await using store = await openStore(server);
  const handler = new CommandHandler({ store, newId: () => crypto.randomUUID(), now: () => 0 });
  const counters = new Counters(handler);
  const still = newStream();
  const goesOn = Promise.withResolvers<void>();
  let isHeld = false;
  server.faults.onAppend = ({ stream }) => {
    if (stream !== still) return undefined;
    isHeld = true;
    return { kind: "write", until: goesOn.promise };
  };
  const reserve = (stream: string, order: string) =>
    counters.reserve({ stream, slice: 0 }, { order, attempt: 1, amount: 1n, limit: 9n }, CLAIMANT);
  const held = reserve(still, "first");
  const behind = reserve(still, "second");
  await vi.waitFor(() => expect(isHeld).toBe(true));
  const streams = Array.from({ length: STREAMS }, newStream);
  const orders = Array.from({ length: EACH }, (_, i) => `order-${i}`);
  await Promise.all(streams.flatMap((stream) => orders.map((order) => reserve(stream, order))));
  const slices = await store.read(streams.map((stream) => ({ stream, afterRevision: 0 })));
  for (const { events } of slices)
    expect(events.map(({ data }) => (JSON.parse(data) as { order: string }).order)).toEqual(orders);
  expect(server.eventsOf(still)).toEqual([]);
  goesOn.resolve();
  expect(await Promise.all([held, behind])).toMatchObject([{ granted: 1n }, { granted: 1n }]);
  await handler.close();
});
