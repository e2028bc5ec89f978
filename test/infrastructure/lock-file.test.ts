import { spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

test("a lock file that is older than the packages is what the setup complains of", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "taem-setup-"));
  const { packageManager } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  await mkdir(join(folder.path, "infra"));
  await copyFile(join(ROOT, "infra/setup.mjs"), join(folder.path, "infra/setup.mjs"));
  const lock = "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n";
  await writeFile(join(folder.path, "pnpm-lock.yaml"), lock);
  const changed = { name: "changed", private: true, packageManager, dependencies: { uuid: "14.0.0" } };
  await writeFile(join(folder.path, "package.json"), JSON.stringify(changed));
  const setup = spawnSync(process.execPath, ["infra/setup.mjs"], { cwd: folder.path, encoding: "utf8" });
  expect(setup.status).toBe(1);
  expect(setup.stderr).toContain("pnpm-lock.yaml is not that of the package.json files");
  expect(setup.stderr).not.toContain("npm registry");
});
