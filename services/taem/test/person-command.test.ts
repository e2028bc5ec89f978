import { createInstallation, personCaller } from "@taem/testing/program";
import { runTool } from "@taem/testing/program-process";
import { expect, test } from "vitest";

// The operator's life with people, beside a program that is running: somebody has to be the first.

test("a person is added, given other roles, listed and ended, all on the command line", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start();
  const environment = { DATABASE_URL: installation.url };
  const run = (...command: string[]) => runTool(["person", ...command], environment);

  const roles = ["--role", "users.admin", "--role", "cashier@shop"];
  const created = await run("create", "--label", "staff-1042", ...roles);
  expect(created).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^[0-9a-f]{16}\n$/) });
  const none = (programme: string) =>
    `there is no programme ${programme} yet: what was given counts once there is\n`;
  expect(created.err).toBe(none("shop"));
  const person = created.out.trim();
  await using caller = personCaller(program, person);
  const asked = async () => (await caller.get(`/v1/people/${person}`)).status;
  expect(await asked()).toBe(200);
  const isListed = async () => (await run("list")).out;
  await expect
    .poll(isListed, { timeout: 20_000 })
    .toMatch(new RegExp(`${person} +staff-1042 +active +users.admin,cashier@shop +-`));
  expect((await run("list", "--programme", "rival")).out).not.toContain(person);

  const clash = await run("roles", person, "--role", "users.admin", "--role", "support.adjust@shop");
  expect(clash).toMatchObject({ exitCode: 1, err: expect.stringContaining("neither adjusts nor approves") });
  for (const wrong of ["king", "cashier@shop@rival", "cashier@SHOP", ""])
    expect(await run("roles", person, "--role", wrong)).toMatchObject({ exitCode: 2, out: "" });
  expect(await run("create", "--label", "Malee Srisuk")).toMatchObject({ exitCode: 2, out: "" });
  expect(await run("roles", person, "--role", "cashier@shop")).toMatchObject({
    ...{ exitCode: 0, out: `${person} has the roles cashier@shop\n`, err: none("shop") },
  });
  await expect.poll(asked, { timeout: 20_000 }).toBe(403);
  expect(await run("end", person)).toMatchObject({ exitCode: 0 });
  await expect.poll(asked, { timeout: 20_000 }).toBe(401);
  await expect.poll(isListed, { timeout: 20_000 }).toMatch(new RegExp(`${person} +staff-1042 +ended`));
});
