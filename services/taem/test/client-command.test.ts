import { createTestDatabase } from "@taem/postgres/testing";
import { createInstallation } from "@taem/testing/program";
import { runTool } from "@taem/testing/program-process";
import { defineProgramme } from "@taem/testing/programme";
import { expect, test } from "vitest";

// The operator's life with clients and keys, as README tells it, beside a program that is running.

const TOKEN = /^taem_([0-9a-f]{16})-([0-9]+)_[0-9a-f]{64}\n$/;

async function statusWith(token: string, url: string): Promise<number> {
  const answer = await fetch(`${url}/v1/programmes/none`, {
    headers: { authorization: `Bearer ${token.trim()}` },
  });
  return answer.status;
}

test("a command that begins an installation says where: another one may have been meant", async () => {
  await using database = await createTestDatabase();
  const rights = ["--name", "till 4", "--permissions", "read"];
  const create = () => runTool(["client", "create", ...rights], { DATABASE_URL: database.url });
  const begun = "a new installation has begun in the PostgreSQL of DATABASE_URL\n";
  expect((await create()).err).toContain(begun);
  expect((await create()).err).not.toContain(begun);
});

test("a client of a programme that there is not is made, and that there is none is said", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start();
  await defineProgramme(program.api, "shop");
  const create = (programme: string) => {
    const rights = ["--name", "till 4", "--permissions", "read", "--programme", programme];
    return runTool(["client", "create", ...rights], { DATABASE_URL: installation.url });
  };
  const none = "there is no programme shpo yet: what was given counts once there is\n";
  const mistyped = await create("shpo");
  expect(mistyped).toMatchObject({ exitCode: 0, out: expect.stringMatching(TOKEN) });
  expect(mistyped.err).toContain(none);
  expect((await create("shop")).err).not.toContain("no programme");
});

test("a client is created, its key rotated and revoked, all on the command line", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start();
  const environment = { DATABASE_URL: installation.url };
  const url = program.api.url;
  const rights = ["--name", "till 4", "--permissions", "read,earn"];
  const created = await runTool(["client", "create", ...rights], environment);
  expect(created).toMatchObject({ exitCode: 0, out: expect.stringMatching(TOKEN) });
  const [, client = ""] = TOKEN.exec(created.out) ?? [];
  expect(created.err).toBe(`API key ${client}-1 of client ${client}; this token is not shown again\n`);
  // There is no such programme: whoever is let in is told so.
  expect(await statusWith(created.out, url)).toBe(404);

  const rotated = await runTool(["key", "rotate", `${client}-1`, "--overlap", "1h"], environment);
  expect(rotated).toMatchObject({ exitCode: 0, out: expect.stringMatching(TOKEN) });
  const second = await runTool(["key", "create", "--client", client, "--expires", "90d"], environment);
  expect(TOKEN.exec(second.out)?.slice(1)).toEqual([client, "3"]);
  for (const { out } of [created, rotated, second]) expect(await statusWith(out, url)).toBe(404);

  expect(await runTool(["key", "revoke", `${client}-3`], environment)).toMatchObject({ exitCode: 0 });
  await expect.poll(() => statusWith(second.out, url), { timeout: 20_000 }).toBe(401);
  expect(await statusWith(rotated.out, url)).toBe(404);
  const changed = ["client", "change", client, "--permissions", "finance"];
  expect(await runTool(changed, environment)).toMatchObject({ exitCode: 0 });
  await expect.poll(() => statusWith(rotated.out, url), { timeout: 20_000 }).toBe(404);
  expect(await runTool(["client", "revoke", client], environment)).toMatchObject({ exitCode: 0 });
  await expect.poll(() => statusWith(rotated.out, url), { timeout: 20_000 }).toBe(401);
  const late = await runTool(["key", "create", "--client", client], environment);
  expect(late).toEqual({
    exitCode: 1,
    out: "",
    err: "taem: client_revoked: the client is revoked, for ever\n",
  });
});
