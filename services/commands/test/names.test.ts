import { createHmac } from "node:crypto";
import { sliceOfName } from "@taem/kernel";
import { keyReservations } from "@taem/ledger/events";
import { referenceReservations } from "@taem/member/events";
import { type DomainEvent, EventTypes, streamOf, UNIQUE } from "@taem/schema";
import type { Answer, Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { source, succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bookOf, defineProgramme, done, enrol, refused } from "./support/fixture.ts";

// One rule for every name and id that a caller chooses: printable, no white space at the ends, and what Unicode calls
// canonically equivalent is the same.

const COMPOSED = "caf\u00e9 \u1ebf";
const DECOMPOSED = COMPOSED.normalize("NFD");
/** As keyboards for Vietnamese write it: neither the one nor the other. */
const MIXED = "cafe\u0301 \u00ea\u0301";
const SPELLINGS = { composed: COMPOSED, decomposed: DECOMPOSED, mixed: MIXED };
const PTS = { currency: "PTS" };

let fixture: Fixture;
let api: Api;
let shop: string;

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.api;
  shop = await defineProgramme(api, "shop", { clawback: "unlimited" });
  await succeeds(api.put(`${shop}/sources/orders`, { keys: "programme" }));
});

afterAll(() => fixture.close());

const UNFIT = {
  "a NUL": "a\u0000b",
  "a control character": "a\u0085b",
  "a bidirectional override": "a\u202eb",
  "a bidirectional isolate": "a\u2066b",
  "a zero-width space": "a\u200bb",
  "a byte order mark": "\ufeffab",
  "a line separator": "a\u2028b",
  "a private character": "a\ue000b",
  "half a surrogate pair": "a\ud800b",
  blanks: "   ",
  "no-break blanks": "\u00a0\u3000",
  "a blank at its beginning": " ab",
  "a blank at its end": "ab\u2009",
  nothing: "",
  "too many characters": "x".repeat(201),
};

/** Every field that takes such a name, with what it is refused as. */
const FIELDS: Readonly<Record<string, readonly [code: string, ask: (name: string) => Promise<Answer>]>> = {
  "a programme's name": [
    "malformed_value",
    (name) => api.put("/v1/programmes/unfit", { name, zone: "Asia/Bangkok" }),
  ],
  "an external id": ["malformed_id", (name) => api.post(`${shop}/members`, { externalId: name })],
  "an external id in a path": [
    "malformed_id",
    (name) => api.get(`${shop}/members/ext:${encodeURIComponent(name)}`),
  ],
  "an external id in a body": [
    "malformed_id",
    (name) => api.post(`${shop}/members/ext:x/transfers`, { ...PTS, points: "1", to: `ext:${name}` }, "k"),
  ],
  "a key's id": [
    "malformed_id",
    (name) => api.post(`${shop}/members/ext:x/earn`, { ...PTS, points: "1", source: source(name) }),
  ],
  "a key's leg": [
    "malformed_id",
    (name) => api.post(`${shop}/members/ext:x/earn`, { ...PTS, points: "1", source: source("a", name) }),
  ],
  "an origin's id": [
    "malformed_id",
    (name) => api.post(`${shop}/members/ext:x/reversals`, { ...PTS, all: true, origin: source(name) }, "k"),
  ],
};

describe.each(Object.keys(FIELDS))("%s", (field) => {
  const [code, ask] = FIELDS[field] as (typeof FIELDS)[string];

  test.each(Object.entries(UNFIT))("of %s is refused", async (_, name) => {
    const encodable = name.isWellFormed() || !field.includes("path");
    await refused(fixture, () => ask(encodable ? name : "\u0000"), 400, code);
  });
});

test("a member is the same under every spelling, whichever came first", async () => {
  const spellings = Object.values(SPELLINGS);
  for (const first of spellings) {
    const prefix = `m${spellings.indexOf(first)} `;
    const { body } = await succeeds(api.post(`${shop}/members`, { externalId: prefix + first }));
    for (const other of spellings) {
      const again = await api.post(`${shop}/members`, { externalId: prefix + other });
      expect([again.status, again.body.member]).toEqual([200, body.member]);
      await using elsewhere = await fixture.another();
      const path = `${shop}/members/ext:${encodeURIComponent(prefix + other)}`;
      expect((await elsewhere.api().get(path)).body.member).toBe(body.member);
    }
  }
});

test("a line of a bulk request waits for the enrolment of its member in another spelling", async () => {
  const answers = await api.bulk("shop", [
    { op: "enrol", externalId: `bulk ${DECOMPOSED}` },
    { op: "earn", member: `ext:bulk ${COMPOSED}`, ...PTS, points: "1", source: source("bulk") },
    { op: "earn", member: `ext:bulk ${MIXED}`, ...PTS, points: "1", source: source("bulk") },
  ]);
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 200]);
});

test.each(["pos", "orders"])("a key of %s is the same under every spelling: one effect", async (system) => {
  const [member] = (await enrol(api, shop, `keys-${system}`)) as [string];
  const key = (id: string) => ({ system, id, leg: id });
  for (const [first, id] of Object.entries(SPELLINGS)) {
    const earn = (spelled: string) => ({ ...PTS, points: "10", source: key(`${first} ${spelled}`) });
    const { effect } = await done(api, `${member}/earn`, earn(id));
    for (const other of Object.values(SPELLINGS)) {
      const again = await api.post(`${member}/earn`, earn(other));
      expect([again.status, again.body.effect]).toEqual([200, effect]);
    }
    const origin = key(`${first} ${DECOMPOSED}`);
    await done(api, `${member}/reversals`, { ...PTS, origin, points: "1" }, `r ${first}`);
    const composed = { ...PTS, origin: key(`${first} ${COMPOSED}`), points: "1" };
    expect(await api.post(`${member}/reversals`, composed, `r ${first}`)).toMatchObject({ status: 200 });
  }
  expect(await bookOf(fixture, "shop", `keys-${system}`)).toBe(27n);
});

test("a programme's name is kept composed, and is the same decomposed", async () => {
  const put = (name: string) => api.put("/v1/programmes/cafe", { name, zone: "Asia/Bangkok" });
  expect((await put(DECOMPOSED)).body).toMatchObject({ name: COMPOSED });
  for (const name of Object.values(SPELLINGS)) await succeeds(put(name));
});

const reservations = EventTypes.join<DomainEvent>(keyReservations.events, referenceReservations.events);

describe("what an earlier program wrote under another spelling", () => {
  const meta = (type: "KeyReserved" | "ReferenceReserved") =>
    reservations.encodeMeta(type, { actor: "earlier", correlation: "earlier" });

  /** As the earlier program reserved a name: under its bytes as they came. */
  async function reserve(
    parts: readonly string[],
    event: { readonly type: "KeyReserved" | "ReferenceReserved" },
    data: object,
  ): Promise<void> {
    const stream = streamOf(
      UNIQUE,
      createHmac("sha256", fixture.service.platform.hmacKey).update(parts.join("\u0000")).digest("hex"),
    );
    const { store } = fixture.testStore;
    const text = JSON.stringify(data);
    const record = { id: crypto.randomUUID(), type: event.type, data: text, meta: meta(event.type) };
    const slice = sliceOfName(stream);
    await store.append([{ stream, slice, expectedRevision: 0, events: [record] }]);
  }

  async function enrolledAs(externalId: string): Promise<string> {
    const { body } = await succeeds(
      api.post(`${shop}/members`, {}, `of ${[...externalId].length} ${Math.random()}`),
    );
    const programme = ((await api.get(shop)).body as unknown as { id: string }).id;
    const fields = { kind: "external_id", member: body.member, programme } as const;
    await reserve(["external_id", programme, externalId], { type: "ReferenceReserved", ...fields }, fields);
    return body.member;
  }

  test("is found: a member", async () => {
    const member = await enrolledAs(`old ${DECOMPOSED}`);
    for (const spelling of [COMPOSED, DECOMPOSED]) {
      await using elsewhere = await fixture.another();
      const path = `${shop}/members/ext:${encodeURIComponent(`old ${spelling}`)}`;
      expect((await elsewhere.api().get(path)).body.member).toBe(member);
      const again = await elsewhere.api().post(`${shop}/members`, { externalId: `old ${spelling}` });
      expect([again.status, again.body.member]).toEqual([200, member]);
    }
    const mixed = await enrolledAs(`old mixed ${MIXED}`);
    await using elsewhere = await fixture.another();
    const path = `${shop}/members/ext:${encodeURIComponent(`old mixed ${MIXED}`)}`;
    expect((await elsewhere.api().get(path)).body.member).toBe(mixed);
  });

  test("is found: where two were enrolled, the one under the composed spelling", async () => {
    const decomposed = await enrolledAs(`two ${DECOMPOSED}`);
    const composed = await enrolledAs(`two ${COMPOSED}`);
    for (const spelling of Object.values(SPELLINGS)) {
      await using elsewhere = await fixture.another();
      const path = `${shop}/members/ext:${encodeURIComponent(`two ${spelling}`)}`;
      expect((await elsewhere.api().get(path)).body.member).toBe(composed);
    }
    expect((await api.get(`${shop}/members/${decomposed}`)).body.member).toBe(decomposed);
  });
});
