import { permissionsOf } from "@taem/host";
import { Authenticator } from "@taem/principal";
import { systemClock } from "@taem/runtime";
import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { PERMISSIONS } from "@taem/testing/product";
import { succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refused } from "./support/fixture.ts";

// Clients managed by a client: within its programme, with no more than it has, and never the second of two.

let fixture: Fixture;
/** Of the programme shop, with everything that can be had. */
let manager: Api;

beforeAll(async () => {
  fixture = await openFixture();
  manager = fixture.service.api({ programmes: ["shop"] });
});

afterAll(() => fixture.close());

interface Made {
  readonly client: string;
  readonly key: number;
  readonly token: string;
}

const TILL = { name: "till 4", permissions: ["earn", "read"] };

async function make(body: object = TILL, api = manager): Promise<Made> {
  const { status, body: made } = await api.post("/v1/clients", body);
  expect(status).toBe(201);
  return made as unknown as Made;
}

const principalOf = async (token: string) =>
  new Authenticator({
    ...fixture.testStore,
    permissions: permissionsOf(fixture.service.platform.contexts),
    clock: systemClock,
  }).verify(token, () => "192.0.2.1");

test("a client is of the programme of whoever makes it, and its key works", async () => {
  const { client, token } = await make();
  expect(await principalOf(token)).toMatchObject({
    id: client,
    programmes: ["shop"],
    permissions: ["read", "earn"].toSorted(),
  });
});

test("the answer shows keys without their secrets, and when each ends", async () => {
  const { client, token } = await make({
    ...TILL,
    expiresAt: "2030-01-01T00:00:00Z",
    addresses: ["192.0.2.0/24"],
  });
  const answer = await succeeds(manager.get(`/v1/clients/${client}`));
  expect(answer.body).toEqual({
    ...{
      client,
      name: "till 4",
      programme: "shop",
      permissions: ["earn", "read"],
      systems: null,
      revoked: false,
    },
    keys: [
      {
        ...{ key: 1, expiresAt: "2030-01-01T00:00:00.000Z", addresses: ["192.0.2.0/24"] },
        ...{ revoked: false, lastUsedAt: null },
      },
    ],
  });
  expect(JSON.stringify(answer)).not.toContain(token.slice(-64));
});

test("keys are created, rotated and revoked, and the client ends with all of them", async () => {
  const { client, token } = await make();
  const path = `/v1/clients/${client}`;
  const rotated = await manager.post(`${path}/keys/1/rotate`, { overlapSeconds: 3_600 });
  const created = await manager.post(`${path}/keys`, {});
  expect([rotated.status, created.status]).toEqual([201, 201]);
  await succeeds(manager.post(`${path}/keys/3/revoke`, {}));
  const tokens = [token, ...[rotated, created].map(({ body }) => body.token)];
  const known = async () => (await Promise.all(tokens.map(principalOf))).map((principal) => principal?.key);
  expect(await known()).toEqual([`${client}-1`, `${client}-2`, undefined]);
  await succeeds(manager.post(`${path}/revoke`, {}));
  expect(await known()).toEqual([undefined, undefined, undefined]);
  await refused(fixture, () => manager.post(`${path}/keys`, {}), 409, "client_revoked");
});

test("nobody is called as another client is told", async () => {
  const { client } = await make();
  for (const id of [client, client.toUpperCase()]) {
    const attempt = () => manager.post("/v1/clients", { ...TILL, name: `till 4 (${id})` });
    await refused(fixture, attempt, 400, "value_not_allowed");
  }
});

describe("nobody gives more than they have:", () => {
  test.each(PERMISSIONS)("%s", async (permission) => {
    const without = PERMISSIONS.filter((one) => one !== permission);
    const never: readonly string[] = ["publish", "approve", "clients", "people"];
    const asks: Record<string, string> = { define: "publish", adjust: "approve" };
    for (const permissions of [PERMISSIONS, [...new Set([...without, "clients" as const])]]) {
      const caller = fixture.service.api({ programmes: ["shop"], permissions });
      const attempt = () => caller.post("/v1/clients", { name: "x", permissions: [permission] });
      const agrees = asks[permission];
      const isBoth = agrees !== undefined && permissions.includes(agrees);
      if (permissions.includes(permission) && !never.includes(permission) && !isBoth)
        expect((await attempt()).status).toBe(201);
      else await refused(fixture, attempt, 403, "forbidden");
    }
  });

  test.each([
    ["any, of any", ["*"], ["*"], 201],
    ["some, of any", ["*"], ["pos"], 201],
    ["those that nobody claims, of any", ["*"], undefined, 201],
    ["some of its own", ["pos", "web"], ["pos"], 201],
    ["another than its own", ["pos"], ["web"], 403],
    ["any, of some", ["pos"], ["*"], 403],
    ["those that nobody claims, of some", ["pos"], undefined, 403],
    ["those that nobody claims, of the same", null, undefined, 201],
    ["one that somebody may claim", null, ["pos"], 403],
  ])("systems: %s", async (_, own, wanted, status) => {
    const caller = fixture.service.api({ programmes: ["shop"], systems: own });
    const body = { ...TILL, ...(wanted === undefined ? {} : { systems: wanted }) };
    expect((await caller.post("/v1/clients", body)).status).toBe(status);
  });

  test.each([
    ["publish", "define"],
    ["approve", "adjust"],
  ] as const)("who may %s has no client that may %s made, re-keyed or changed", async (agrees, asks) => {
    const asker = fixture.service.api({ programmes: ["shop"], permissions: [asks, "read", "clients"] });
    const { client } = await make({ name: "puppet", permissions: [asks, "read"] }, asker);
    const both = fixture.service.api({
      programmes: ["shop"],
      permissions: [agrees, asks, "read", "clients"],
    });
    const make2 = () => both.post("/v1/clients", { name: "puppet", permissions: [asks] });
    await refused(fixture, make2, 403, "forbidden");
    const path = `/v1/clients/${client}`;
    for (const where of ["keys", "keys/1/rotate"])
      await refused(fixture, () => both.post(`${path}/${where}`, {}), 403, "forbidden");
    await refused(fixture, () => both.put(path, { permissions: ["read"] }), 403, "forbidden");
    await succeeds(both.post(`${path}/keys/1/revoke`, {}));
  });

  test("nor a key of a client that has more, nor change one beyond it; but they may revoke it", async () => {
    const { client } = await make(TILL, fixture.service.api({ programmes: ["shop"] }));
    const lesser = fixture.service.api({ programmes: ["shop"], permissions: ["read", "clients"] });
    const path = `/v1/clients/${client}`;
    for (const [where, body] of Object.entries({ keys: {}, "keys/1/rotate": {} }))
      await refused(fixture, () => lesser.post(`${path}/${where}`, body), 403, "forbidden");
    for (const permission of ["burn", "read"])
      await refused(fixture, () => lesser.put(path, { permissions: [permission] }), 403, "forbidden");
    await succeeds(lesser.post(`${path}/revoke`, {}));
  });
});

test("a client of another programme, or of the whole installation, is as one that is not there", async () => {
  const everywhere = fixture.service.api();
  const [theirs, installations] = [
    await make({ ...TILL, programme: "rival" }, everywhere),
    await make(TILL, everywhere),
  ];
  for (const { client } of [theirs, installations, { client: "0".repeat(16) }]) {
    const path = `/v1/clients/${client}`;
    await refused(fixture, () => manager.get(path), 404, "client_unknown");
    await refused(fixture, () => manager.put(path, { permissions: [] }), 404, "client_unknown");
    for (const where of ["revoke", "keys", "keys/1/rotate", "keys/1/revoke"])
      await refused(fixture, () => manager.post(`${path}/${where}`, {}), 404, "client_unknown");
  }
  const elsewhere = () => manager.post("/v1/clients", { ...TILL, programme: "rival" });
  await refused(fixture, elsewhere, 404, "programme_unknown");
});
