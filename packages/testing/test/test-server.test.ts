import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AllStreamRecordedEvent,
  EventStoreDBClient,
  jsonEvent,
  NO_STREAM,
  StreamDeletedError,
  StreamNotFoundError,
  streamNameFilter,
  WrongExpectedVersionError,
} from "@eventstore/db-client";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { TestServer } from "../src/eventstoredb/server.ts";
import { startServerProcess } from "../src/eventstoredb/server-process.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "taem-eventstoredb-"));
});

afterAll(() => rm(folder, { recursive: true }));

const event = (n: number) => jsonEvent({ type: "Counted", data: { n } });

/** The client as it is, in what the tests of the event store do not use of it. */
class Client implements AsyncDisposable {
  readonly client: EventStoreDBClient;

  constructor(url: string) {
    this.client = EventStoreDBClient.connectionString(url);
  }

  async numbers(stream: string): Promise<unknown[]> {
    const numbers: unknown[] = [];
    for await (const { event } of this.client.readStream(stream))
      numbers.push((event?.data as { n: number } | undefined)?.n);
    return numbers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.dispose();
    const { getChannel } = this.client as unknown as { getChannel: () => Promise<{ close(): void }> };
    (await getChannel()).close();
  }
}

describe.each([true, false])("with the client's own methods (BatchAppend: %s)", (batchAppend) => {
  test("it appends, reads both ways, and tells a wrong revision", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using connected = new Client(server.url);
    const { client } = connected;
    const first = await client.appendToStream("s-1", [event(1), event(2)], { expectedRevision: NO_STREAM });
    expect(first).toMatchObject({ success: true, nextExpectedRevision: 1n });
    const wrong = client.appendToStream("s-1", event(3), { expectedRevision: 5n });
    await expect(wrong).rejects.toBeInstanceOf(WrongExpectedVersionError);
    await expect(wrong).rejects.toMatchObject({ actualVersion: 1n, expectedVersion: 5n });
    await client.appendToStream("s-1", event(3), { expectedRevision: 1n });
    expect(await connected.numbers("s-1")).toEqual([1, 2, 3]);
    const backwards: unknown[] = [];
    for await (const { event } of client.readAll({
      direction: "backwards",
      fromPosition: "end",
      maxCount: 2,
    })) {
      backwards.push(event?.data);
    }
    expect(backwards).toEqual([{ n: 3 }, { n: 2 }]);
    expect(server.appendCalls.batchAppend > 0).toBe(batchAppend);
  });

  test("it knows streams that are missing, that keep few events, and that were deleted for ever", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using connected = new Client(server.url);
    const { client } = connected;
    await expect(connected.numbers("s-1")).rejects.toBeInstanceOf(StreamNotFoundError);
    await client.setStreamMetadata("s-1", { maxCount: 2 });
    for (const n of [1, 2, 3]) await client.appendToStream("s-1", event(n));
    expect(await connected.numbers("s-1")).toEqual([2, 3]);
    await client.tombstoneStream("s-1");
    await expect(connected.numbers("s-1")).rejects.toBeInstanceOf(StreamDeletedError);
    await expect(client.appendToStream("s-1", event(4))).rejects.toBeInstanceOf(StreamDeletedError);
  });

  test("a filtered subscription to $all catches up, goes on, and is told checkpoints", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using connected = new Client(server.url);
    const { client } = connected;
    const checkpoints: bigint[] = [];
    const checkpointReached = async (_: unknown, { commit }: { commit: bigint }) => {
      checkpoints.push(commit);
    };
    await client.appendToStream("mine-1", event(1));
    await server.addSystemEvents(100);
    const subscription = client.subscribeToAll({
      filter: streamNameFilter({ prefixes: ["mine-"], checkpointReached }),
    });
    const caughtUp = new Promise((resolve) => subscription.once("caughtUp", resolve));
    const seen: AllStreamRecordedEvent[] = [];
    for await (const { event: recorded } of subscription) {
      seen.push(recorded as AllStreamRecordedEvent);
      if (seen.length === 2) break;
      await caughtUp;
      await client.appendToStream("mine-2", event(2));
    }
    expect(seen.map(({ streamId, data }) => [streamId, data])).toEqual([
      ["mine-1", { n: 1 }],
      ["mine-2", { n: 2 }],
    ]);
    expect(checkpoints.length).toBeGreaterThan(2);
  });
});

test("what is sent again while it is being written is answered when the commit times out, and is stored once", async () => {
  await using server = await TestServer.start({ commitTimeoutMs: 50, batchAppend: false });
  await using connected = new Client(server.url);
  const { client } = connected;
  const written = Promise.withResolvers<void>();
  let sent = 0;
  server.faults.onAppend = () => (sent++ === 0 ? { kind: "write", until: written.promise } : undefined);
  const counted = event(1);
  const append = () => client.appendToStream("s-1", counted, { expectedRevision: NO_STREAM });
  const first = append();
  await vi.waitFor(() => expect(sent).toBe(1));
  await expect(append()).rejects.toThrow("Commit phase timeout");
  await expect(connected.numbers("s-1")).rejects.toBeInstanceOf(StreamNotFoundError);
  written.resolve();
  expect(await first).toMatchObject({ success: true });
  expect(await append()).toMatchObject({ success: true });
  expect(await connected.numbers("s-1")).toEqual([1]);
});

test("a subscription from a position that is no event's fails without a reason, a read from there with it", async () => {
  await using server = await TestServer.start();
  await using connected = new Client(server.url);
  const { client } = connected;
  await client.appendToStream("s-1", event(1));
  const nowhere = { commit: 77n, prepare: 77n };
  const subscribing = async () => {
    for await (const _ of client.subscribeToAll({ fromPosition: nowhere })) return;
  };
  await expect(subscribing()).rejects.toThrow("Exception was thrown by handler.");
  const reading = async () => {
    for await (const _ of client.readAll({ fromPosition: nowhere })) return;
  };
  await expect(reading()).rejects.toThrow("Trying to read from an invalid position.");
});

test("what was acknowledged survives a kill, and a record torn in two does not hinder the start", async () => {
  const data = join(folder, "killed.log");
  let server = await startServerProcess({ data });
  const { port } = server;
  const acknowledged: number[] = [];
  {
    await using connected = new Client(server.url);
    const writing = (async () => {
      for (let n = 0; ; n++) {
        const expectedRevision = n === 0 ? NO_STREAM : BigInt(n - 1);
        await connected.client.appendToStream("s-1", event(n), { expectedRevision });
        acknowledged.push(n);
        if (n === 200) void server.kill();
      }
    })();
    await expect(writing).rejects.toThrow();
    await server.kill();
  }
  await appendFile(data, '{"stream":"s-1","created":1,"events":[["');
  server = await startServerProcess({ data, port });
  await using connected = new Client(server.url);
  const stored = await connected.numbers("s-1");
  expect(stored.slice(0, acknowledged.length)).toEqual(acknowledged);
  expect(stored.length - acknowledged.length).toBeLessThanOrEqual(1);
  await connected.client.appendToStream("s-1", event(-1), { expectedRevision: BigInt(stored.length - 1) });
  await server[Symbol.asyncDispose]();
  await using again = await startServerProcess({ data, port });
  expect(again.port).toBe(port);
  expect(await connected.numbers("s-1").catch(() => connected.numbers("s-1"))).toEqual([...stored, -1]);
});

test("a stopped process answers when it goes on", async () => {
  await using server = await startServerProcess({ data: join(folder, "stopped.log") });
  await using connected = new Client(server.url);
  await connected.client.appendToStream("s-1", event(1));
  server.pause();
  let isAnswered = false;
  const appending = connected.client.appendToStream("s-1", event(2)).then(() => {
    isAnswered = true;
  });
  for (let i = 0; i < 100; i++) await new Promise(setImmediate);
  expect(isAnswered).toBe(false);
  server.resume();
  await appending;
  expect(await connected.numbers("s-1")).toEqual([1, 2]);
});
