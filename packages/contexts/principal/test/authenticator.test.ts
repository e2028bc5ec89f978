import type { ReadRequest, RecordedEvent, StreamSlice } from "@taem/event-store";
import { MemoryEventStore } from "@taem/event-store/testing/memory-event-store";
import { ApiError } from "@taem/http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ClientEvent, clientStream } from "../src/events.ts";
import { Authenticator, type KeyTerms } from "../src/index.ts";
import { type Operating, operating, permissions } from "./support/operating.ts";

const ANYWHERE = () => "192.0.2.1";
const DAY = 86_400_000;

/** A store that counts its look-ups. */
class CountingStore extends MemoryEventStore {
  lookUps = 0;

  override read(requests: readonly ReadRequest[]) {
    this.lookUps += 1;
    return super.read(requests);
  }
}

let store: CountingStore;
let operator: Operating;
let elapsed = 0;

beforeEach(() => {
  store = new CountingStore();
  operator = operating(store);
  elapsed = 0;
});
afterEach(() => operator.close());

const authenticator = () =>
  new Authenticator({ store, permissions, clock: { now: () => operator.time.now }, elapsed: () => elapsed });

const till = { name: "till 4", programme: "the-1", permissions: ["earn", "read"], systems: ["pos"] };
const make = (terms?: KeyTerms) => operator.clients.create(till, operator.asking(), terms);

describe("an API key", () => {
  it("tells who its client is", async () => {
    const { key, token } = await make();
    expect(await authenticator().verify(token, ANYWHERE)).toEqual({
      ...{ id: key.client, key: `${key.client}-1`, name: "till 4", programmes: ["the-1"] },
      ...{ permissions: ["earn", "read"], systems: ["pos"] },
    });
  });

  it("of another client, another number or another secret is none", async () => {
    const [one, other] = [await make(), await make()];
    const [secret, others] = [one.token.slice(-64), other.token.slice(-64)];
    const wrong = secret.slice(0, -1) + (secret.endsWith("0") ? "1" : "0");
    const tokens = [
      `taem_${one.key.client}-1_${others}`,
      `taem_${one.key.client}-2_${secret}`,
      `taem_${one.key.client}-1_${wrong}`,
      `taem_${"0".repeat(16)}-1_${secret}`,
      `taem_${one.key.client}-01_${secret}`,
      one.token.toUpperCase(),
    ];
    const keys = authenticator();
    for (const token of tokens) expect(await keys.verify(token, ANYWHERE)).toBeUndefined();
    expect(await keys.verify(one.token, ANYWHERE)).toBeDefined();
  });

  it("ends at its expiry, by the server's time", async () => {
    const { token } = await make({ expiresAt: operator.time.now + DAY });
    const keys = authenticator();
    operator.time.now += DAY - 1;
    expect(await keys.verify(token, ANYWHERE)).toBeDefined();
    operator.time.now += 1;
    expect(await keys.verify(token, ANYWHERE)).toBeUndefined();
  });

  it("that is bound to networks is refused from any other", async () => {
    const { token } = await make({ addresses: ["192.0.2.0/24", "2001:db8::/32"] });
    const keys = authenticator();
    for (const address of ["192.0.2.77", "::ffff:192.0.2.77", "2001:db8:1::1"])
      expect(await keys.verify(token, () => address)).toBeDefined();
    for (const address of ["192.0.3.77", "::ffff:198.51.100.1", "2001:db9::1", "", "unknown"]) {
      const refused = (async () => keys.verify(token, () => address))();
      await expect(refused).rejects.toMatchObject({ code: "forbidden" });
    }
  });

  it("is one client's with every other of the client's: rotated, both work for a while", async () => {
    const first = await make();
    const second = await operator.clients.rotateKey(first.key, DAY, operator.asking());
    const keys = authenticator();
    const principals = [first, second].map(({ token }) => keys.verify(token, ANYWHERE));
    const [before, after] = await Promise.all(principals);
    expect([before?.id, before?.key]).toEqual([after?.id, `${first.key.client}-1`]);
    operator.time.now += DAY;
    expect(await keys.verify(first.token, ANYWHERE)).toBeUndefined();
    expect(await keys.verify(second.token, ANYWHERE)).toBeDefined();
  });

  it("never keeps its secret in the log", async () => {
    const { token } = await make();
    const log = JSON.stringify(await store.readLog("", 100));
    expect(log).not.toContain(token.slice(-64));
  });

  it("is noted with each use, and only then", async () => {
    const { key, token } = await make();
    const noted: [string, number][] = [];
    const uses = { note: (name: string, at: number) => void noted.push([name, at]) };
    const keys = new Authenticator({ store, permissions, clock: { now: () => 7 }, elapsed: () => 0, uses });
    await keys.verify(token, ANYWHERE);
    await keys.verify(`taem_${key.client}-1_${"0".repeat(64)}`, ANYWHERE);
    expect(noted).toEqual([[`${key.client}-1`, 7]]);
  });
});

describe("what is remembered of clients", () => {
  it("is all that is asked where only tokens are looked up that were good before", async () => {
    const [known, unknown] = [await make(), await make()];
    const keys = authenticator();
    await keys.verify(known.token, ANYWHERE);
    elapsed = 60_000;
    store.lookUps = 0;
    const proved = { onlyProved: true };
    expect(await keys.verify(unknown.token, ANYWHERE, proved)).toBeUndefined();
    expect(store.lookUps).toBe(0);
    expect(await keys.verify(known.token, ANYWHERE, proved)).toMatchObject({ id: known.key.client });
    expect(await keys.verify(unknown.token, ANYWHERE)).toMatchObject({ id: unknown.key.client });
  });

  it("is looked up once for many requests", async () => {
    const { token } = await make();
    store.lookUps = 0;
    const keys = authenticator();
    await Promise.all(Array.from({ length: 100 }, () => keys.verify(token, ANYWHERE)));
    expect(await keys.verify(token, ANYWHERE)).toMatchObject({ name: "till 4" });
    expect(store.lookUps).toBe(1);
  });

  it.each([
    [
      "key",
      async ({ key }: { key: { client: string; no: number } }) =>
        operator.clients.revokeKey(key, operator.asking()),
    ],
    [
      "client",
      async ({ key }: { key: { client: string } }) => operator.clients.revoke(key.client, operator.asking()),
    ],
  ])("is over within five seconds of the revocation of the %s", async (_, revoke) => {
    const made = await make();
    const keys = authenticator();
    expect(await keys.verify(made.token, ANYWHERE)).toBeDefined();
    await revoke(made);
    elapsed = 5_000;
    expect(await keys.verify(made.token, ANYWHERE)).toBeUndefined();
  });

  it("does not hide a key that was made since", async () => {
    const { key, token } = await make();
    const keys = authenticator();
    await keys.verify(token, ANYWHERE);
    const second = await operator.clients.createKey(key.client, operator.asking());
    expect(await keys.verify(second.token, ANYWHERE)).toMatchObject({ key: `${key.client}-2` });
  });

  it("follows a change of what the client may do", async () => {
    const { key, token } = await make();
    const keys = authenticator();
    await keys.verify(token, ANYWHERE);
    await operator.clients.change(key.client, { permissions: ["burn"], systems: null }, operator.asking());
    elapsed = 5_000;
    expect(await keys.verify(token, ANYWHERE)).toMatchObject({ permissions: ["burn"], systems: null });
  });

  it("does not hide a client that was made after a failed look-up", async () => {
    const keys = authenticator();
    const id = "0123456789abcdef";
    expect(await keys.verify(`taem_${id}-1_${"0".repeat(64)}`, ANYWHERE)).toBeUndefined();
    const { token } = await operator.clients.create(till, operator.asking(), {}, id);
    expect(await keys.verify(token, ANYWHERE)).toBeDefined();
  });

  it("costs a flood of invented keys one look-up at a time, and beyond a bound the rest is refused", async () => {
    const batches: number[] = [];
    const gate = Promise.withResolvers<void>();
    const slow = {
      read: async (requests: readonly unknown[]) => {
        batches.push(requests.length);
        await gate.promise;
        return requests.map(() => ({ events: [] }));
      },
    };
    const keys = new Authenticator({ store: slow, permissions, clock: { now: () => 0 } });
    const invented = (i: number) => `taem_${i.toString(16).padStart(16, "0")}-1_${"0".repeat(64)}`;
    const outcomes = Array.from({ length: 6_000 }, (_, i) => keys.verify(invented(i), ANYWHERE));
    gate.resolve();
    const settled = await Promise.allSettled(outcomes);
    const refused = settled
      .filter((outcome) => outcome.status === "rejected")
      .map((outcome) => outcome.reason as ApiError);
    expect(refused).toHaveLength(1_000);
    expect(refused[0]).toBeInstanceOf(ApiError);
    expect(refused[0]?.code).toBe("overloaded");
    expect(batches.slice(0, 2)).toEqual([1, 500]);
  });

  it("is not waited for where the store says nothing: unavailable, until it answers again", async () => {
    const { token } = await make();
    vi.useFakeTimers();
    try {
      let isAway = true;
      const away = {
        read: (requests: readonly ReadRequest[]) =>
          isAway ? new Promise<StreamSlice[]>(() => {}) : store.read(requests),
      };
      const keys = new Authenticator({ store: away, permissions, clock: { now: () => operator.time.now } });
      const verified = expect(keys.verify(token, ANYWHERE)).rejects.toMatchObject({ code: "unavailable" });
      await vi.advanceTimersByTimeAsync(5_000);
      await verified;
      isAway = false;
      expect(await keys.verify(token, ANYWHERE)).toMatchObject({ name: "till 4" });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a permission that this program does not know", () => {
  it("is one that the client does not have, and nothing else of it suffers", async () => {
    const id = "00000000000000aa";
    const { token } = await operator.clients.create(
      { ...till, permissions: ["read", "fly"] },
      operator.asking(),
      {},
      id,
    );
    const [stream] = await store.read([{ stream: clientStream(id), afterRevision: 0 }]);
    const [created] = (stream as StreamSlice).events as readonly [RecordedEvent];
    expect((JSON.parse(created.data) as ClientEvent<"ClientCreated">).permissions).toEqual(["read", "fly"]);
    expect(await authenticator().verify(token, ANYWHERE)).toMatchObject({ permissions: ["read"] });
  });
});
