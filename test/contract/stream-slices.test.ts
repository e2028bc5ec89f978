import { randomUUID } from "node:crypto";
import { CommandHandler, type EventStore } from "@taem/event-store";
import { MemoryEventStore } from "@taem/event-store/testing/memory-event-store";
import {
  commandOn,
  decideOn,
  purseAggregate,
  purseEvents,
  put,
  snapshotting,
  stored,
} from "@taem/event-store/testing/purse";
import { openEsdbEventStore } from "@taem/event-store-esdb";
import { nameLog } from "@taem/host";
import { SLICES } from "@taem/kernel";
import { accountStream } from "@taem/ledger/events";
import { type MemberEnrolled, memberStream } from "@taem/member/events";
import { definitionEvents } from "@taem/programme/events";
import { sliceOfStream } from "@taem/schema";
import { startService } from "@taem/testing/commands-service";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { CATALOGUE } from "@taem/testing/product";
import { openTestStore, wholeLog } from "@taem/testing/test-store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeEveryEvent, makeEveryPrincipalEvent } from "./support/every-event.ts";

// A stream lies in one slice for its whole life: that of the member who owns it, else its own. One that an earlier
// program began in another slice keeps it.

const STORES: Readonly<Record<string, (undo: AsyncDisposableStack) => Promise<EventStore | undefined>>> = {
  memory: async () => new MemoryEventStore(),
  PostgreSQL: async () => undefined,
  EventStoreDB: async (undo) => {
    const store = await openEsdbEventStore(undo.use(await TestServer.start()));
    undo.defer(() => store.close());
    return store;
  },
};

describe.each(Object.keys(STORES))("on %s", (name) => {
  const undo = new AsyncDisposableStack();
  let store: EventStore;
  let url: string;

  beforeAll(async () => {
    const testStore = undo.use(await openTestStore());
    url = testStore.url;
    store = (await STORES[name]?.(undo)) ?? testStore.store;
  });

  afterAll(() => undo.disposeAsync());

  test("every stream of every event lies in the slice of the rule", async () => {
    await using service = await startService({ url, store });
    await makeEveryEvent(service.api({ name: "clerk" }), service.api({ name: "manager" }), "every");
    await nameLog(store, { type: "InstallationNamed", installation: randomUUID(), keyCheck: "" });
    await makeEveryPrincipalEvent(store);
    const log = await wholeLog(store);
    expect(new Set(log.map(({ type }) => type))).toEqual(new Set(CATALOGUE.events.names));
    const expected = log.map((event) => ({
      stream: event.stream,
      type: event.type,
      slice: sliceOfStream(CATALOGUE, event.stream, CATALOGUE.events.decode(event)),
    }));
    expect(log.map(({ stream, type, slice }) => ({ stream, type, slice }))).toEqual(expected);
  });

  test("a member whose enrolment lies elsewhere has an account in the slice of the rule", async () => {
    const defined = (await wholeLog(store)).find(({ type }) => type === "ProgrammeDefined");
    const { programme } = definitionEvents.decode(defined as NonNullable<typeof defined>);
    const member = randomUUID();
    const enrolled: MemberEnrolled = { type: "MemberEnrolled", programme, member, enrolledAt: 0 };
    const stream = memberStream(member);
    const elsewhere = (sliceOfStream(CATALOGUE, stream, enrolled) + 1) % SLICES;
    const meta = CATALOGUE.events.encodeMeta(enrolled.type, { actor: "earlier", correlation: "earlier" });
    const data = JSON.stringify({ enrolledAt: 0, member, programme });
    const events = [{ id: randomUUID(), type: enrolled.type, data, meta }];
    await store.append([{ stream, slice: elsewhere, expectedRevision: 0, events }]);
    await using service = await startService({ url, store });
    const path = `/v1/programmes/every/members/${member}/earn`;
    expect((await service.api().post(path, { currency: "PTS", points: "1" }, "e")).status).toBe(201);
    const streams = [stream, accountStream(member, 1)];
    const [enrolment, account] = await store.read(streams.map((s) => ({ stream: s, afterRevision: 0 })));
    expect(enrolment?.events.map(({ slice }) => slice)).toEqual([elsewhere]);
    expect(account?.events.map(({ slice }) => slice)).toEqual([
      sliceOfStream(CATALOGUE, streams[1] as string, enrolled),
    ]);
  });

  test.each([
    ["cold", 3, purseAggregate],
    ["long", 70, purseAggregate],
    ["with a snapshot", 1_100, snapshotting()],
  ])("a stream that began in another slice keeps it: %s", async (_, length, aggregate) => {
    const stream = `taem.account-${randomUUID()}-1`;
    const meta = purseEvents.encodeMeta("CoinsPut", { actor: "earlier", correlation: "earlier" });
    const events = Array.from({ length }, (_, i) => ({ ...stored(`e${i}`, 1), id: randomUUID(), meta }));
    await store.append([{ stream, slice: 41, expectedRevision: 0, events }]);
    const open = () => new CommandHandler({ store, newId: randomUUID, now: () => 0 });
    // The second handler finds what the first has left: a snapshot, if any.
    for (let handlers = 0; handlers < 2; handlers++) {
      const handler = open();
      for (let i = 0; i < 2; i++)
        await handler.execute(commandOn(stream, decideOn("more", 1), { aggregate }));
      await handler.execute(commandOn(stream, decideOn("expected new", 1), { aggregate, expectsNew: true }));
      await handler.close();
    }
    const [read] = await store.read([{ stream, afterRevision: 0 }]);
    expect(read?.events.map(({ slice }) => slice)).toEqual(new Array(length + 6).fill(41));
  });

  test("a stream without events begins where its writer says, also when another was first", async () => {
    const stream = `taem.account-${randomUUID()}-1`;
    const [one, other] = [1, 2].map(() => new CommandHandler({ store, newId: randomUUID, now: () => 0 }));
    const at = (slice: number) => ({
      ...commandOn(stream, () => ({ events: [put("x", 1)], answer: () => () => undefined })),
      slice,
      expectsNew: true,
    });
    await one?.execute(at(7));
    await other?.execute(at(9));
    await one?.execute(at(9));
    await Promise.all([one?.close(), other?.close()]);
    const [read] = await store.read([{ stream, afterRevision: 0 }]);
    expect(read?.events.map(({ slice }) => slice)).toEqual([7, 7, 7]);
  });
});
