import type { RouteAnswer } from "@taem/client";
import { principal } from "@taem/principal";
import { rebuild } from "@taem/processing";
import { OperatorClients } from "@taem/taem-service";
import { Api } from "@taem/testing/api";
import { clientKey } from "@taem/testing/client-key";
import {
  createInstallation,
  personCaller,
  type TestInstallation,
  type TestProgram,
} from "@taem/testing/program";
import { defineProgramme, enrolMany, listed, succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// People beside clients: the same decisions, the same actor, and roles that say what they may do where.

const PTS = { currency: "PTS" };
const undo = new AsyncDisposableStack();
const WAIT = { timeout: 20_000, interval: 50 };
let installation: TestInstallation;
let program: TestProgram;
let api: Api;
let operator: OperatorClients;
let member: string;

beforeAll(async () => {
  installation = undo.use(await createInstallation());
  program = undo.use(await installation.start());
  ({ api } = program);
  operator = undo.use(new OperatorClients(program.platform));
  for (const code of ["shop", "rival"]) await defineProgramme(api, code, { adjustmentLimit: "100" });
  [member = ""] = await enrolMany(api, "shop", "member", 1);
});

afterAll(async () => {
  await undo.disposeAsync();
  expect(program.errors).toEqual([]);
});

type Person = RouteAnswer<"GET /v1/people/{person}">;
type Role = { readonly role: string; readonly programme?: string };

const inShop = (role: string): Role => ({ role, programme: "shop" });
const as = (person: string, session?: string) => undo.use(personCaller(program, person, session));

async function add(...roles: readonly Role[]): Promise<string> {
  const { status, body } = await api.post("/v1/people", { roles });
  expect([status, body.code]).toEqual([201, undefined]);
  return (body as unknown as Person).person;
}

async function codeOf(asked: Promise<{ readonly body: { readonly code?: string | undefined } }>) {
  return (await asked).body.code;
}

interface Kind {
  readonly id: string;
  /** It as it calls: each time with another API key, or in another session. */
  again(): Promise<Api>;
}

/** One of each kind that may do the same in the programme shop. */
const KINDS: readonly [
  kind: string,
  make: (roles: readonly string[], permissions: readonly string[]) => Promise<Kind>,
][] = [
  [
    "a person",
    async (roles) => {
      const id = await add(...roles.map(inShop));
      let session = 0;
      return { id, again: async () => as(id, `s${++session}`) };
    },
  ],
  [
    "a client",
    async (_, permissions) => {
      const rights = { name: "person", programme: "shop", permissions, systems: null };
      const { key } = await operator.clients.create(rights, operator.asking());
      const again = async () => {
        const { token } = await operator.clients.createKey(key.client, operator.asking());
        return undo.use(new Api(api.url, token));
      };
      return { id: key.client, again };
    },
  ],
];

const path = (what: string) => `/v1/programmes/shop/members/${member}/${what}`;
const credit = { ...PTS, direction: "credit", points: "101", reason: "goodwill" };

describe.each(KINDS)("%s", (_, make) => {
  test("is the actor of what it does, and its retry finds what it did before", async () => {
    const { id, again } = await make(["cashier"], ["earn", "burn", "read"]);
    const earn = async () => (await again()).post(path("earn"), { ...PTS, points: "5" }, "order 1");
    const first = await earn();
    expect([first.status, (await earn()).body]).toMatchObject([
      201,
      { replayed: true, effect: first.body.effect },
    ]);
    const own = await again();
    const { body } = await succeeds(
      own.get(`${path("events")}?token=${encodeURIComponent(first.body.token)}`),
    );
    expect(JSON.stringify(body)).toContain(`"actor":"person (${id})"`);
  });

  test("does in its programme what it may, and knows of no other", async () => {
    const { again } = await make(["cashier"], ["earn", "burn", "read"]);
    const caller = await again();
    expect(await codeOf(caller.get("/v1/programmes/shop/trial-balance?currency=PTS"))).toBe("forbidden");
    for (const other of ["rival", "nobodys"])
      for (const route of ["", "/trial-balance?currency=PTS"])
        expect(await codeOf(caller.get(`/v1/programmes/${other}${route}`))).toBe("programme_unknown");
    const { body } = await succeeds(caller.get("/v1/programmes?consistency=strong"));
    const { items } = body as unknown as RouteAnswer<"GET /v1/programmes">;
    expect(items.map(({ programme }) => programme)).toEqual(["shop"]);
    for (const route of ["/v1/clients", "/v1/people/0123456789abcdef"])
      expect(await codeOf(caller.get(route))).toBe("forbidden");
  });

  test("never agrees to what it asked for itself", async () => {
    const { again } = await make(
      ["support.adjust", "adjust.approve", "rules.edit", "rules.publish"],
      ["read", "adjust", "approve", "define", "publish"],
    );
    const [asks, agrees] = [await again(), await again()];
    const asked = await asks.post(path("adjustments"), credit, "ask");
    expect(asked.status).toBe(202);
    const approve = `/v1/programmes/shop/adjustments/${asked.body.effect.adjustment.id}/approve`;
    expect(await codeOf(agrees.post(approve, {}, "agree"))).toBe("approver_must_differ");
    const rule = { ...PTS, money: "THB", per: "2500", points: "2" };
    const change = await asks.put("/v1/programmes/shop/rules/base", rule);
    expect(change.status).toBe(202);
    const { proposal } = change.body as unknown as { proposal: number };
    const publish = `/v1/programmes/shop/proposals/${proposal}`;
    expect(await codeOf(agrees.post(`${publish}/approve`, {}))).toBe("approver_must_differ");
    await succeeds(asks.post(`${publish}/withdraw`, {}));
    const second = await add(inShop("adjust.approve"));
    expect((await as(second).post(approve, {}, "agree")).status).toBe(201);
  });

  test("never agrees to what a client asked for that it made, or a key of which it made", async () => {
    const { again } = await make(
      ["partner.manage", "adjust.approve"],
      ["read", "clients", "partner", "approve"],
    );
    const maker = await again();
    const made = await maker.post("/v1/clients", { name: "puppet", permissions: [] });
    const { client, token } = made.body as unknown as { client: string; token: string };
    const rights = { name: "other", programme: "shop", permissions: [], systems: null };
    const other = await operator.clients.create(rights, operator.asking());
    const key = await maker.post(`/v1/clients/${other.key.client}/keys`, {});
    expect([made.status, key.status]).toEqual([201, 201]);
    const puppets = [
      [client, token],
      [other.key.client, (key.body as unknown as { token: string }).token],
    ] as const;
    for (const [id, held] of puppets) {
      await operator.clients.change(id, { permissions: ["adjust"], systems: null }, operator.asking());
      const puppet = undo.use(new Api(api.url, held));
      await expect
        .poll(async () => (await puppet.post(path("adjustments"), credit, id)).status, WAIT)
        .toBe(202);
      const { body } = await puppet.post(path("adjustments"), credit, id);
      const approve = `/v1/programmes/shop/adjustments/${body.effect.adjustment.id}/approve`;
      expect(await codeOf((await again()).post(approve, {}, id))).toBe("approver_must_differ");
    }
  });

  test("ends within seconds of losing what it was given", async () => {
    const { id, again } = await make(["cashier"], ["earn", "burn", "read"]);
    const caller = await again();
    const status = async () => (await caller.get(`/v1/programmes/shop/members/${member}`)).status;
    expect(await status()).toBe(200);
    const person = `/v1/people/${id}`;
    if ((await api.get(person)).status === 200) await succeeds(api.post(`${person}/deactivation`, {}));
    else await succeeds(api.post(`/v1/clients/${id}/revoke`, {}));
    await expect.poll(status, WAIT).toBe(401);
  });
});

test("people are listed with roles and labels, and what stands is not said twice", async () => {
  const label = "staff-1042";
  const { body } = await api.post("/v1/people", { label, roles: [inShop("cashier"), { role: "auditor" }] });
  expect(body.code).toBe("roles_conflict");
  const added = await api.post("/v1/people", { label, roles: [inShop("cashier"), inShop("cashier")] });
  const { person } = added.body as unknown as Person;
  const whole = { label, deactivated: false, lastSeenAt: null };
  const answer = { person, ...whole, roles: [inShop("cashier")] };
  expect(added.body).toEqual(answer);
  const before = await program.platform.store.head();
  expect(
    (await succeeds(api.put(`/v1/people/${person}/roles`, { roles: [inShop("cashier")] }))).body,
  ).toEqual(answer);
  expect(await program.platform.store.head()).toBe(before);
  await succeeds(api.post(`/v1/people/${person}/deactivation`, {}));
  expect((await succeeds(api.get(`/v1/people/${person}`))).body).toMatchObject({ deactivated: true });
  expect(await codeOf(api.put(`/v1/people/${person}/roles`, { roles: [] }))).toBe("person_deactivated");
});

describe("whoever manages people in one programme", () => {
  const managers: readonly [string, () => Promise<Api>][] = [
    ["a person", async () => as(await add(inShop("users.admin")))],
    [
      "a client",
      async () => {
        const rights = { programme: "shop", permissions: ["people"], systems: null };
        return undo.use(new Api(api.url, await clientKey(program.platform.store, "manager", rights)));
      },
    ],
  ];

  test.each(managers)(
    "%s: gives roles there alone, sees roles there alone, takes roles there alone",
    async (_, manager) => {
      const caller = await manager();
      const person = await add(inShop("cashier"), { role: "cashier", programme: "rival" });
      const at = `/v1/people/${person}`;
      expect((await succeeds(caller.get(at))).body).toMatchObject({ roles: [inShop("cashier")] });
      const theirs = { roles: [{ role: "cashier", programme: "rival" }] };
      // Held or not, it is none of its business.
      expect(await codeOf(caller.put(`${at}/roles`, theirs))).toBe("programme_unknown");
      expect((await succeeds(caller.put(`${at}/roles`, { roles: [] }))).body).toMatchObject({ roles: [] });
      expect((await succeeds(api.get(at))).body).toMatchObject(theirs);
      // Without a role in it, it is nobody to whoever manages the programme.
      for (const refused of [
        caller.get(at),
        caller.put(`${at}/roles`, { roles: [inShop("cashier")] }),
        caller.post(`${at}/deactivation`, {}),
      ])
        expect(await codeOf(refused)).toBe("person_unknown");
    },
  );

  test.each(managers)("%s: gives none in another, or in the installation", async (_, manager) => {
    const caller = await manager();
    const [person, both] = [await add(inShop("cashier")), await add(inShop("cashier"), { role: "operator" })];
    const rival = { role: "cashier", programme: "rival" };
    const before = await program.platform.store.head();
    const attempts: readonly [string, ReturnType<Api["post"]>][] = [
      ["programme_unknown", caller.post("/v1/people", { roles: [inShop("cashier"), rival] })],
      ["programme_unknown", caller.put(`/v1/people/${person}/roles`, { roles: [rival] })],
      ["forbidden", caller.put(`/v1/people/${person}/roles`, { roles: [{ role: "operator" }] })],
      ["forbidden", caller.post(`/v1/people/${both}/deactivation`, {})],
      ["role_required", caller.post("/v1/people", { roles: [] })],
      [
        "roles_conflict",
        caller.put(`/v1/people/${person}/roles`, {
          roles: [inShop("users.admin"), inShop("support.adjust")],
        }),
      ],
    ];
    for (const [code, attempt] of attempts) expect(await codeOf(attempt)).toBe(code);
    expect(await program.platform.store.head()).toBe(before);
    const added = await caller.post("/v1/people", { roles: [inShop("cashier")] });
    expect(added.status).toBe(201);
  });
});

test("nobody changes their own roles, or those of whoever has held an API key of theirs", async () => {
  const person = await add({ role: "users.admin" }, inShop("partner.manage"));
  const roles = { roles: [{ role: "users.admin" }, { role: "operator" }] };
  const own = as(person);
  for (const attempt of [
    own.put(`/v1/people/${person}/roles`, roles),
    own.post(`/v1/people/${person}/deactivation`, {}),
  ])
    expect(await codeOf(attempt)).toBe("keeper_must_differ");
  const { body } = await own.post("/v1/clients", { name: "puppet", programme: "shop", permissions: [] });
  const { client, token } = body as unknown as { client: string; token: string };
  await operator.clients.change(client, { permissions: ["people"], systems: null }, operator.asking());
  const puppet = undo.use(new Api(api.url, token));
  const attempt = () => puppet.put(`/v1/people/${person}/roles`, { roles: [inShop("operator")] });
  await expect.poll(() => codeOf(attempt()), WAIT).toBe("keeper_must_differ");
  expect((await succeeds(api.put(`/v1/people/${person}/roles`, roles))).body).toMatchObject({
    roles: roles.roles.map(({ role }) => ({ role, programme: null })),
  });
});

describe("the list of people", () => {
  const ids = async (caller: Api, query = "") =>
    (await listed<Person>(caller.get(`/v1/people?consistency=strong&limit=100${query}`))).map(
      (one) => one.person,
    );

  test("has everybody, page by page, as each is by its id", async () => {
    const added = [await add(inShop("cashier")), await add(), await add({ role: "auditor" })];
    await succeeds(api.post(`/v1/people/${added[0]}/deactivation`, {}));
    const all = await ids(api);
    expect(all).toEqual(expect.arrayContaining(added));
    expect(all).toEqual(all.toSorted());
    const paged: Person[] = [];
    for (let next: string | undefined = ""; next !== undefined; ) {
      const cursor: string = next === "" ? "" : `&cursor=${next}`;
      const { body } = await succeeds(api.get(`/v1/people?limit=2${cursor}`));
      const page = body as unknown as RouteAnswer<"GET /v1/people">;
      paged.push(...page.items);
      next = page.next;
    }
    expect(paged.map((one) => one.person)).toEqual(all);
    for (const one of paged.filter(({ person }) => added.includes(person)))
      expect((await succeeds(api.get(`/v1/people/${one.person}`))).body).toEqual(one);
  });

  test("has those with a role in the caller's programmes alone, whatever the table says", async () => {
    const [here, both, gone, there] = [
      await add(inShop("cashier")),
      await add(inShop("support.read"), { role: "cashier", programme: "rival" }),
      await add(inShop("cashier")),
      await add({ role: "cashier", programme: "rival" }),
    ];
    await succeeds(api.put(`/v1/people/${gone}/roles`, { roles: [{ role: "cashier", programme: "rival" }] }));
    const caller = as(await add(inShop("users.admin")));
    const seen = await ids(caller);
    for (const one of [here, both]) expect(seen).toContain(one);
    for (const one of [gone, there]) expect(seen).not.toContain(one);
    const { database } = program.platform;
    await database.query(
      "INSERT INTO taem_people.roles SELECT slice, person, 'shop', 'cashier' FROM taem_people.people WHERE person = $1",
      [gone],
    );
    expect(await ids(caller)).toEqual(seen);
    await database.query("DELETE FROM taem_people.roles WHERE person = $1 AND programme = 'shop'", [gone]);
    const [listedBoth] = (await listed<Person>(caller.get("/v1/people?limit=100"))).filter(
      ({ person }) => person === both,
    );
    expect(listedBoth?.roles).toEqual([inShop("support.read")]);
  });

  test("is made anew of the log with the same rows", async () => {
    const { database, store } = program.platform;
    const [projection] = principal.readModels?.(store) ?? [];
    if (projection === undefined) throw new Error("no projection");
    const rebuilt = await rebuild({ projection, database, store, expect: "equal" });
    expect(rebuilt).toMatchObject({ outcome: "taken_over", changes: [] });
  });
});

test("a list of people says what it knows", async () => {
  await add(inShop("cashier"));
  const { body } = await succeeds(api.get("/v1/people?consistency=strong"));
  const head = await program.platform.store.head();
  expect(body).toMatchObject({ cut: { position: head, through: head } });
});
