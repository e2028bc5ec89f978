import { MemoryEventStore } from "@taem/event-store/testing/memory-event-store";
import { decodeMeta } from "@taem/schema";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clientEvents, clientStream } from "../src/events.ts";
import { type Operating, operating } from "./support/operating.ts";

const DAY = 86_400_000;
const RIGHTS = { name: "till", programme: null, permissions: ["earn"], systems: null };

let store: MemoryEventStore;
let operator: Operating;

beforeEach(() => {
  store = new MemoryEventStore();
  operator = operating(store);
});
afterEach(() => operator.close());

async function eventsOf(client: string) {
  const [stream] = await store.read([{ stream: clientStream(client), afterRevision: 0 }]);
  return (stream?.events ?? []).map((event) => ({
    ...clientEvents.decode(event),
    actor: decodeMeta(event.meta).actor,
  }));
}

test("making, rotating and revoking are events with who did it", async () => {
  const { clients } = operator;
  const { key } = await clients.create(RIGHTS, operator.asking("ann (a1)"));
  const rotated = await clients.rotateKey(key, DAY, operator.asking("ben (b1)"));
  await clients.revokeKey(rotated.key, operator.asking("cid (c1)"));
  await clients.revoke(key.client, operator.asking("dan (d1)"));
  expect(await eventsOf(key.client)).toMatchObject([
    { type: "ClientCreated", name: "till", permissions: ["earn"], actor: "ann (a1)" },
    { type: "ApiKeyCreated", key: 1, actor: "ann (a1)" },
    { type: "ApiKeyCreated", key: 2, actor: "ben (b1)" },
    { type: "ApiKeyExpirySet", key: 1, expiresAt: operator.time.now + DAY, actor: "ben (b1)" },
    { type: "ApiKeyRevoked", key: 2, actor: "cid (c1)" },
    { type: "ClientRevoked", actor: "dan (d1)" },
  ]);
});

test("doing again what is done writes nothing", async () => {
  const { clients } = operator;
  const { key } = await clients.create(RIGHTS, operator.asking());
  await clients.revokeKey(key, operator.asking());
  await clients.revoke(key.client, operator.asking());
  const before = await store.head();
  await clients.revoke(key.client, operator.asking());
  expect(await store.head()).toBe(before);
});

test("a key that takes another's place never lengthens its life, and keeps its networks", async () => {
  const { clients, time } = operator;
  const terms = { expiresAt: time.now + DAY, addresses: ["192.0.2.0/24"] };
  const { key } = await clients.create(RIGHTS, operator.asking(), terms);
  const rotated = await clients.rotateKey(key, 7 * DAY, operator.asking());
  const client = await clients.find(key.client, operator.asking());
  expect(client?.keys.get(1)?.expiresAt).toBe(terms.expiresAt);
  expect(client?.keys.get(rotated.key.no)?.addresses).toEqual(["192.0.2.0/24"]);
});

describe("refused, and nothing is written:", () => {
  const refusals: Readonly<Record<string, readonly [code: string, attempt: () => Promise<unknown>]>> = {
    "a client that is not there": [
      "client_unknown",
      () => operator.clients.createKey("f".repeat(16), operator.asking()),
    ],
    "a key that is not there": [
      "key_unknown",
      () => operator.clients.revokeKey({ client: "a".repeat(16), no: 2 }, operator.asking()),
    ],
    "a key that is over, to be rotated": [
      "key_unknown",
      () => operator.clients.rotateKey({ client: "b".repeat(16), no: 1 }, DAY, operator.asking()),
    ],
    "a client that is revoked": [
      "client_revoked",
      () => operator.clients.change("c".repeat(16), { permissions: [], systems: null }, operator.asking()),
    ],
    "more keys than a rotation needs": [
      "too_many_keys",
      () => operator.clients.createKey("d".repeat(16), operator.asking()),
    ],
  };

  beforeEach(async () => {
    const { clients, time } = operator;
    for (const [letter, terms] of Object.entries({ a: {}, b: { expiresAt: time.now }, c: {}, d: {} }))
      await clients.create(RIGHTS, operator.asking(), terms, letter.repeat(16));
    await clients.revoke("c".repeat(16), operator.asking());
    for (let key = 2; key <= 20; key++) await clients.createKey("d".repeat(16), operator.asking());
  });

  test.each(Object.entries(refusals))("%s", async (_, [code, attempt]) => {
    const before = await store.head();
    await expect(attempt()).rejects.toMatchObject({ code });
    expect(await store.head()).toBe(before);
  });
});

test("of two who rotate one key at once through two processes each gets a key that works", async () => {
  const other = operating(store);
  const { key } = await operator.clients.create(RIGHTS, operator.asking());
  const made = await Promise.all([
    operator.clients.rotateKey(key, DAY, operator.asking()),
    other.clients.rotateKey(key, DAY, other.asking()),
  ]);
  await other.close();
  expect(made.map(({ key: { no } }) => no).toSorted()).toEqual([2, 3]);
});
