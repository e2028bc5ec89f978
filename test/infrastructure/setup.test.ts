import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const SETUP = fileURLToPath(import.meta.resolve("../../infra/setup.mjs"));

/** A checkout whose install puts nothing there but a Node that says what it is. */
let checkout: string;

beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), "taem-setup-"));
  for (const folder of ["infra", "path", "node_modules/.bin"])
    await mkdir(join(checkout, folder), { recursive: true });
  await cp(SETUP, join(checkout, "infra/setup.mjs"));
  await writeFile(join(checkout, "package.json"), '{"packageManager":"pnpm@12.21.0"}');
  await writeProgram("path/npx", "exit 0");
});

afterEach(async () => {
  await rm(checkout, { recursive: true });
});

async function writeProgram(path: string, script: string): Promise<void> {
  await writeFile(join(checkout, path), `#!/bin/sh\n${script}\n`);
  await chmod(join(checkout, path), 0o755);
}

/** What a set-up says where `node` answers so. */
async function setUp(answer: string): Promise<{ readonly code: number; readonly err: string }> {
  await writeProgram("node_modules/.bin/node", answer);
  const env = { ...process.env, PATH: `${join(checkout, "path")}:${process.env["PATH"]}` };
  return await new Promise((resolve) => {
    execFile(process.execPath, [join(checkout, "infra/setup.mjs")], { env }, (error, _, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), err }),
    );
  });
}

test.each(["v24.18.1", "v24.22.3", "v26.1.0"])("what runs next may be Node %s", async (version) => {
  expect(await setUp(`echo ${version}`)).toEqual({ code: 0, err: "" });
});

test.each([
  ["v22.9.0", "echo v22.9.0"],
  ["v24.0.0", "echo v24.0.0"],
  ["none that runs here", "exit 127"],
])("%s is no Node to run on, and the set-up says which is", async (said, answer) => {
  const { code, err } = await setUp(answer);
  expect([code, err]).toEqual([1, expect.stringContaining(`the Node installed is ${said}. Get Node 24.18`)]);
});
