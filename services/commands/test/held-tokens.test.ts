import { permissionsOf } from "@taem/host";
import type { Principal } from "@taem/http";
import { Authenticator } from "@taem/principal";
import { systemClock } from "@taem/runtime";
import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bookOf, defineProgramme, enrol, refused, waits } from "./support/fixture.ts";

// Whoever made a client, or a key of it, has held a token of it, whatever each of them may do now: they are no two people.

let fixture: Fixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

/** A client that was made through the API. */
class Made {
  readonly #principal: Principal;

  constructor(principal: Principal) {
    this.#principal = principal;
  }

  /** It at work, with what an operator lets it do by now. */
  as(...permissions: readonly string[]): Api {
    return fixture.service.api({ ...this.#principal, permissions, systems: ["*"] });
  }

  get path(): string {
    return `/v1/clients/${this.#principal.id}`;
  }
}

async function madeBy(maker: Api): Promise<Made> {
  const { status, body } = await maker.post("/v1/clients", { name: "made", permissions: ["read"] });
  expect(status).toBe(201);
  const { token } = body as unknown as { token: string };
  const permissions = permissionsOf(fixture.service.platform.contexts);
  const authenticator = new Authenticator({ ...fixture.testStore, permissions, clock: systemClock });
  return new Made((await authenticator.verify(token, () => "192.0.2.1")) as Principal);
}

const made = () => madeBy(fixture.service.api({ name: "operator" }));
const maker = (client: Made) => client.as("clients", "read");

type Pair = readonly [asks: Made, agrees: Made];

const ONE: readonly [who: string, pair: () => Promise<Pair>][] = [
  [
    "one who asks, and who made it",
    async () => {
      const agrees = await made();
      return [await madeBy(maker(agrees)), agrees];
    },
  ],
  [
    "one who asks, and who made a key of it",
    async () => {
      const pair: Pair = [await made(), await made()];
      expect((await maker(pair[1]).post(`${pair[0].path}/keys`, {})).status).toBe(201);
      return pair;
    },
  ],
  [
    "one who asks, and who rotated a key of it that is revoked by now",
    async () => {
      const pair: Pair = [await made(), await made()];
      expect((await maker(pair[1]).post(`${pair[0].path}/keys/1/rotate`, {})).status).toBe(201);
      await succeeds(maker(pair[1]).post(`${pair[0].path}/keys/2/revoke`, {}));
      return pair;
    },
  ],
  [
    "one who asks, and whom it made",
    async () => {
      const asks = await made();
      return [asks, await madeBy(maker(asks))];
    },
  ],
  [
    "one who asks, and who made whoever made it",
    async () => {
      const agrees = await made();
      return [await madeBy(maker(await madeBy(maker(agrees)))), agrees];
    },
  ],
  [
    "two whom a third made",
    async () => {
      const third = maker(await made());
      return [await madeBy(third), await madeBy(third)];
    },
  ],
];

let no = 0;

async function shopOf() {
  const owner = fixture.service.api({ name: "owner" });
  const shop = await defineProgramme(owner, `shop-${++no}`, { adjustmentLimit: "100" });
  const [member] = (await enrol(owner, shop, "member")) as [string];
  return { shop, code: `shop-${no}`, member };
}

const credit = { currency: "PTS", direction: "credit", points: "101", reason: "goodwill" };

describe.each(ONE)("%s", (_, pair) => {
  test("are no two for a change", async () => {
    const [asks, agrees] = await pair();
    const { shop, code } = await shopOf();
    const change = { name: code, zone: "Asia/Tokyo" };
    expect((await asks.as("define").put(shop, change)).status).toBe(202);
    const approving = () => agrees.as("publish").post(`${shop}/proposals/1/approve`, {});
    await refused(fixture, approving, 409, "approver_must_differ");
    const third = (await made()).as("publish");
    await succeeds(third.post(`${shop}/proposals/1/approve`, {}));
  });

  test("are no two for an adjustment, alone or in bulk", async () => {
    const [asks, agrees] = await pair();
    const { shop, code, member } = await shopOf();
    const path = await waits(asks.as("adjust"), shop, `${member}/adjustments`, credit, "ask");
    const api = agrees.as("approve");
    await refused(fixture, () => api.post(`${path}/approve`, {}, "ok"), 409, "approver_must_differ");
    const adjustment = path.split("/").at(-1);
    const [line] = await api.bulk(code, [{ op: "approve", adjustment, source: { system: "pos", id: "ok" } }]);
    expect([line?.status, line?.problem.code]).toEqual([409, "approver_must_differ"]);
    expect(await bookOf(fixture, code, "member")).toBe(0n);
    const third = (await made()).as("approve");
    for (const status of [201, 200])
      expect((await third.post(`${path}/approve`, {}, "ok")).status).toBe(status);
    expect(await bookOf(fixture, code, "member")).toBe(101n);
  });
});

test("an approval that comes before what it approves approves nothing", async () => {
  const agrees = await made();
  const asks = await madeBy(maker(agrees));
  const { shop, code, member } = await shopOf();
  const [asking, agreeing] = [asks.as("adjust", "define"), agrees.as("approve", "publish")];
  const { member: id } = (await asking.post(`${member}/adjustments`, credit, "first")).body;
  const zones = ["Asia/Tokyo", "Asia/Seoul", "Asia/Manila"];
  for (let no = 2; no <= 21; no++) {
    const proposal = no - 1;
    const zone = zones[no % zones.length];
    const all = [0, 1, 2, 3].flatMap((i) => [
      agreeing.post(`${shop}/adjustments/${id}-1-${no}/approve`, {}, `approve ${no} ${i}`),
      agreeing.post(`${shop}/proposals/${proposal}/approve`, {}),
      ...(i === 1 ? [asking.post(`${member}/adjustments`, credit, `ask ${no}`)] : []),
      ...(i === 1 ? [asking.put(shop, { name: code, zone })] : []),
    ]);
    for (const { status } of await Promise.all(all)) expect([202, 404, 409]).toContain(status);
  }
  expect(await bookOf(fixture, code, "member")).toBe(0n);
  const { body } = await succeeds(fixture.service.api().get(shop));
  expect(body).toMatchObject({ zone: "Asia/Bangkok" });
});
