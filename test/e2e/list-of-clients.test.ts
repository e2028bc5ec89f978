import { Api } from "@taem/testing/api";
import { createInstallation, type TestInstallation, type TestProgram } from "@taem/testing/program";
import { runTool } from "@taem/testing/program-process";
import { listed, succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, expect, test } from "vitest";

// Which clients there are, to those who may manage them, and what each may do; never what its keys are.

let installation: TestInstallation;
let program: TestProgram;
let api: Api;
const undo = new AsyncDisposableStack();

beforeAll(async () => {
  installation = undo.use(await createInstallation());
  program = undo.use(await installation.start());
  api = program.api;
});
afterAll(() => undo.disposeAsync());

interface Listed {
  readonly client: string;
  readonly programme: string | null;
}

interface Made {
  readonly client: string;
  readonly token: string;
}

async function make(body: object): Promise<Made> {
  const made = await succeeds(api.post("/v1/clients", { permissions: ["read"], ...body }));
  return made.body as unknown as Made;
}

const page = (query = "", caller = api) => listed<Listed>(caller.get(`/v1/clients${query}`));
const all = () => page("?limit=100&consistency=strong");

test("each is listed as it is by its id, page by page, and no secret or hash of one", async () => {
  const terms = { expiresAt: "2030-01-01T00:00:00Z", addresses: ["192.0.2.0/24"] };
  const { client, token } = await make({ name: "till", systems: ["pos"], ...terms });
  await succeeds(api.post(`/v1/clients/${client}/keys`, {}));
  await succeeds(api.post(`/v1/clients/${client}/keys/2/revoke`, {}));
  await make({ name: "web" });
  const ids: string[] = [];
  for (let cursor = ""; ; ) {
    const { body } = await succeeds(api.get(`/v1/clients?limit=1&consistency=strong${cursor}`));
    const { items, next } = body as unknown as { items: Listed[]; next?: string };
    ids.push(...items.map((one) => one.client));
    if (next === undefined) break;
    cursor = `&cursor=${next}`;
  }
  const clients = await all();
  expect(ids).toEqual(clients.map((one) => one.client));
  expect(ids).toEqual(ids.toSorted());
  expect(ids.length).toBeGreaterThanOrEqual(3);
  for (const one of clients)
    expect((await succeeds(api.get(`/v1/clients/${one.client}`))).body).toMatchObject({
      ...one,
      keys: expect.any(Array),
    });
  expect(clients.find((one) => one.client === client)).toMatchObject({
    ...{ name: "till", programme: null, permissions: ["read"], systems: ["pos"], revoked: false },
    keys: [
      { key: 1, expiresAt: "2030-01-01T00:00:00.000Z", addresses: ["192.0.2.0/24"], revoked: false },
      { key: 2, expiresAt: null, addresses: null, revoked: true },
    ],
  });
  const text = JSON.stringify(clients);
  expect(text).not.toContain(token.split("_").at(-1));
  expect(text).not.toMatch(/[0-9a-f]{64}/);
});

test("the list says what it knows", async () => {
  await make({ name: "cut" });
  const { body } = await succeeds(api.get("/v1/clients?consistency=strong"));
  const head = await program.platform.store.head();
  expect(body).toMatchObject({ cut: { position: head, through: head, definitionVersion: 1 } });
});

test("a caller of a programme sees the clients of that programme alone, whatever the table says", async () => {
  const own = await make({ name: "own", programme: "shop" });
  const theirs = await make({ name: "theirs", programme: "rival" });
  const { out } = await runTool(
    ["client", "create", "--name", "manager", "--programme", "shop", "--permissions", "read,clients"],
    { DATABASE_URL: installation.url },
  );
  const [, manager] = /^taem_([0-9a-f]{16})-/.exec(out) ?? [];
  const caller = undo.use(new Api(api.url, out.trim()));
  const seen = async () => (await page("?consistency=strong", caller)).map((one) => one.client);
  expect(await seen()).toEqual([own.client, manager].toSorted());
  await program.platform.database.query(
    "UPDATE taem_clients.clients SET programme = 'shop' WHERE client = $1",
    [theirs.client],
  );
  expect(await seen()).toEqual([own.client, manager].toSorted());
  await program.platform.database.query(
    "UPDATE taem_clients.clients SET programme = 'rival' WHERE client = $1",
    [theirs.client],
  );
  const reader = undo.use(new Api(api.url, own.token));
  expect((await reader.get("/v1/clients")).body.code).toBe("forbidden");
});

test("an operator lists them on the command line", async () => {
  const terms = { expiresAt: "2031-01-01T00:00:00Z" };
  const { client } = await make({ name: "partner", programme: "rival", ...terms });
  const environment = { DATABASE_URL: installation.url };
  const { exitCode, out } = await runTool(["client", "list"], environment);
  expect(exitCode).toBe(0);
  for (const one of await all()) expect(out).toContain(one.client);
  expect(out.split("\n").find((line) => line.includes(client))).toMatch(
    /partner +rival +read +\(unclaimed\) +1 +live +2031-01-01T00:00:00.000Z +\(any\) +-$/,
  );
  const shop = await runTool(["client", "list", "--programme", "shop"], environment);
  expect(shop.out).not.toContain(client);
});

test("where no ledger has projected them, it is said so", async () => {
  await using fresh = await createInstallation();
  await using commands = await fresh.start({ services: "commands" });
  expect((await commands.api.get("/v1/clients")).body.code).toBe("method_not_allowed");
  const { exitCode, err } = await runTool(["client", "list"], { DATABASE_URL: fresh.url });
  expect([exitCode, err]).toEqual([1, expect.stringContaining("clients_not_listed: ")]);
});
