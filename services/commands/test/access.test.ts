import { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { PERMISSIONS } from "@taem/testing/product";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineProgramme, done, enrol, refused } from "./support/fixture.ts";

let fixture: Fixture;
let shop: string;
let other: string;

beforeAll(async () => {
  fixture = await openFixture();
  shop = await defineProgramme(fixture.api, "shop");
  other = await defineProgramme(fixture.api, "other");
  await enrol(fixture.api, shop, "member");
  await enrol(fixture.api, other, "member");
});

afterAll(() => fixture.close());

/** Every route of the service, and the permissions that open it. */
const ROUTES: readonly [method: "GET" | "POST" | "PUT", path: string, permissions: readonly string[]][] = [
  ["PUT", "", ["define"]],
  ["GET", "", ["read", "define", "publish", "finance", "earn", "burn"]],
  ["PUT", "/currencies/{currency}", ["define"]],
  ["GET", "/currencies/{currency}", ["read", "define", "publish", "finance"]],
  ["PUT", "/rules/{rule}", ["define"]],
  ["GET", "/rules/{rule}", ["read", "define", "publish", "finance"]],
  ["PUT", "/sources/{system}", ["define"]],
  ["PUT", "/clock", ["define"]],
  ["POST", "/members", ["earn", "opening", "adjust"]],
  ["GET", "/members/{member}", ["read", "earn", "burn", "adjust", "approve"]],
  ["POST", "/members/{member}/earn", ["earn"]],
  ["POST", "/members/{member}/burn", ["burn"]],
  ["POST", "/members/{member}/holds", ["burn"]],
  ["POST", "/members/{member}/transfers", ["burn"]],
  ["POST", "/members/{member}/reversals", ["earn"]],
  ["POST", "/members/{member}/adjustments", ["adjust"]],
  ["POST", "/holds/{id}/capture", ["burn"]],
  ["POST", "/holds/{id}/void", ["burn"]],
  ["POST", "/proposals/{id}/approve", ["publish"]],
  ["POST", "/proposals/{id}/reject", ["publish"]],
  ["POST", "/proposals/{id}/withdraw", ["define"]],
  ["POST", "/adjustments/{id}/approve", ["approve"]],
  ["POST", "/adjustments/{id}/reject", ["approve"]],
  ["POST", "/adjustments/{id}/withdraw", ["adjust"]],
  ["POST", "/commands", ["earn", "burn", "opening", "adjust", "approve"]],
];

const PARAMETERS: Readonly<Record<string, string>> = {
  currency: "PTS",
  rule: "base",
  system: "pos",
  member: "ext:member",
  client: "0123456789abcdef",
  person: "0123456789abcdef",
  key: "1",
  id: "00000000-0000-7000-8000-000000000000-1-1",
};

function pathOf(programme: string, path: string): string {
  return programme + path.replaceAll(/\{(\w+)\}/g, (_, name: string) => PARAMETERS[name] as string);
}

/** Sends a body that no route takes: whoever is let in is told so, and nothing is ever done. */
function knock(api: Api, method: "GET" | "POST" | "PUT", path: string) {
  const contentType = path.endsWith("/commands") ? "application/x-ndjson" : "application/json";
  return api.raw(method, path, method === "GET" ? undefined : "null", { "content-type": contentType });
}

/** Routes about principals: of the installation, so of no programme in the path. */
const PRINCIPAL_ROUTES: readonly [method: "GET" | "POST" | "PUT", path: string, permission: string][] = [
  ["POST", "/v1/people", "people"],
  ["GET", "/v1/people/{person}", "people"],
  ["PUT", "/v1/people/{person}/roles", "people"],
  ["POST", "/v1/people/{person}/deactivation", "people"],
  ["POST", "/v1/clients", "clients"],
  ["GET", "/v1/clients/{client}", "clients"],
  ["PUT", "/v1/clients/{client}", "clients"],
  ["POST", "/v1/clients/{client}/revoke", "clients"],
  ["POST", "/v1/clients/{client}/keys", "clients"],
  ["POST", "/v1/clients/{client}/keys/{key}/rotate", "clients"],
  ["POST", "/v1/clients/{client}/keys/{key}/revoke", "clients"],
];

test("the tables name every route of the service", () => {
  const prefix = "/v1/programmes/{programme}";
  const routes = fixture.service.routes.map(({ method, path }) => `${method} ${path}`);
  const known = [...ROUTES.map(([method, path]) => [method, prefix + path]), ...PRINCIPAL_ROUTES];
  expect(routes.toSorted()).toEqual(known.map(([method, path]) => `${method} ${path}`).toSorted());
});

describe.each(ROUTES)("%s %s", (method, path, allowed) => {
  test.each(PERMISSIONS)("for a client with the permission %s", async (permission) => {
    const caller = fixture.service.api({ permissions: [permission] });
    const before = await fixture.testStore.store.head();
    const { status, body } = await knock(caller, method, pathOf(shop, path));
    if (allowed.includes(permission)) expect(body.code).not.toBe("forbidden");
    else expect([status, body.code]).toEqual([403, "forbidden"]);
    expect(await fixture.testStore.store.head()).toBe(before);
  });

  test("is closed to whoever has no key, and to a key that is not known", async () => {
    for (const token of [undefined, "taem_0000000000000000_0", "' OR 1=1 --"]) {
      await using stranger = new Api(fixture.service.url, token);
      const answer = await refused(
        fixture,
        () => knock(stranger, method, pathOf(shop, path)),
        401,
        "unauthenticated",
      );
      expect(JSON.stringify(answer)).not.toContain("OR 1=1");
    }
  });

  test("does not tell a key of one programme whether another exists", async () => {
    const tenant = fixture.service.api({ programmes: ["shop"] });
    const theirs = await knock(tenant, method, pathOf(other, path));
    const nobodys = await knock(tenant, method, pathOf("/v1/programmes/nothing", path));
    expect([theirs.status, theirs.body.code]).toEqual([404, "programme_unknown"]);
    expect([nobodys.status, nobodys.body.code]).toEqual([404, "programme_unknown"]);
    expect(theirs.body.detail).toBe(nobodys.body.detail);
  });
});

describe.each(PRINCIPAL_ROUTES)("%s %s", (method, path, allowed) => {
  test.each(PERMISSIONS)("for a client with the permission %s", async (permission) => {
    const caller = fixture.service.api({ permissions: [permission] });
    const before = await fixture.testStore.store.head();
    const { body } = await knock(caller, method, pathOf("", path));
    if (permission === allowed) expect(body.code).not.toBe("forbidden");
    else expect(body.code).toBe("forbidden");
    expect(await fixture.testStore.store.head()).toBe(before);
  });
});

test("no key takes the place of another's Idempotency-Keys by naming them as its source", async () => {
  const source = { system: "api-0123456789abcdef", id: "order-1", leg: "main" };
  const earn = { currency: "PTS", points: "10", source };
  const path = `${shop}/members/ext:member/earn`;
  await refused(fixture, () => fixture.api.post(path, earn), 403, "forbidden");
  const line = JSON.stringify({ op: "earn", member: "ext:member", ...earn });
  const { body } = await fixture.api.raw("POST", `${shop}/commands`, line, {
    "content-type": "application/x-ndjson",
  });
  expect(JSON.stringify(body)).toContain("forbidden");
});

test("a key of one programme reaches no member, hold or adjustment of another by its id", async () => {
  const tenant = fixture.service.api({ programmes: ["shop"] });
  const { api } = fixture;
  const earned = await done(api, `${other}/members/ext:member/earn`, { currency: "PTS", points: "10" }, "e1");
  const hold = { currency: "PTS", points: "5" };
  const { effect } = await done(api, `${other}/members/ext:member/holds`, hold, "h1");
  const attempts: readonly [path: string, body: object][] = [
    [`${shop}/members/${earned.member}/burn`, { currency: "PTS", points: "1" }],
    [`${shop}/holds/${effect.hold.id}/capture`, {}],
    [`${shop}/holds/${effect.hold.id}/void`, {}],
    [`${shop}/adjustments/${effect.hold.id}/approve`, {}],
    [`${shop}/adjustments/${effect.hold.id}/reject`, {}],
    [`${shop}/adjustments/${effect.hold.id}/withdraw`, {}],
  ];
  for (const [path, body] of attempts) {
    await refused(fixture, () => tenant.post(path, body, path.slice(-7)), 404, "member_unknown");
  }
  await refused(fixture, () => tenant.get(`${shop}/members/${earned.member}`), 404, "member_unknown");
});

test("a key of one programme may change it, but not make it", async () => {
  const owner = fixture.service.api({ programmes: ["reserved"], permissions: ["define"] });
  const path = "/v1/programmes/reserved";
  const body = { name: "Reserved", zone: "Asia/Bangkok" };
  await refused(fixture, () => owner.put(path, body), 404, "programme_unknown");
  expect((await fixture.api.put(path, body)).status).toBe(200);
  expect((await owner.put(path, { ...body, zone: "Asia/Tokyo" })).status).toBe(202);
});

test("an expiry of one's own needs the permission opening", async () => {
  const body = { currency: "PTS", points: "1", expiresAt: "2027-01-01T00:00:00Z" };
  const path = `${shop}/members/ext:member/earn`;
  const till = fixture.service.api({ permissions: ["earn"] });
  await refused(fixture, () => till.post(path, body, "x1"), 403, "forbidden");
  await done(fixture.service.api({ permissions: ["earn", "opening"] }), path, body, "x1");
});

test("lines of a bulk request need the permission of their operation each", async () => {
  const source = (id: string) => ({ source: { system: "pos", id } });
  const onMember = { member: "ext:member", currency: "PTS", points: "1" };
  const lines = [
    { op: "enrol", externalId: "by-line" },
    { op: "earn", ...onMember, ...source("l1") },
    { op: "burn", ...onMember, ...source("l2") },
    { op: "hold", ...onMember, ...source("l3") },
    { op: "transfer", ...onMember, to: "ext:by-line", ...source("l4") },
    { op: "reverse", ...onMember, ...source("l5") },
    { op: "adjust", ...onMember, direction: "credit", reason: "fix", ...source("l6") },
  ];
  const permitted: Readonly<Record<string, readonly string[]>> = {
    earn: ["enrol", "earn", "reverse"],
    burn: ["burn", "hold", "transfer"],
    adjust: ["enrol", "adjust"],
    opening: ["enrol"],
    approve: [],
  };
  for (const permission of ["earn", "burn", "adjust", "opening", "approve"] as const) {
    const answers = await fixture.service.api({ permissions: [permission] }).bulk("shop", lines);
    const admitted = lines.filter((_, i) => answers[i]?.problem?.code !== "forbidden").map(({ op }) => op);
    expect(admitted).toEqual(permitted[permission]);
  }
});

test("the actor of what is recorded is the client, whatever the body says", async () => {
  const caller = fixture.service.api({ name: "till 7" });
  const path = `${shop}/members/ext:member/earn`;
  const forged = { currency: "PTS", points: "1", actor: "somebody else" };
  await refused(fixture, () => caller.post(path, forged, "actor"), 400, "unknown_field");
  const before = await fixture.testStore.store.head();
  await done(caller, path, { currency: "PTS", points: "1" }, "actor");
  const { events } = await fixture.testStore.store.readLog(before, 1);
  expect((JSON.parse(events[0]?.meta ?? "{}") as { actor: string }).actor).toMatch(
    /^till 7 \([0-9a-f]{16}\)$/,
  );
});
