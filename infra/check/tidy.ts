/** The rules of this repository that no linter knows: where things lie, and words that may not stay. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const TOP_LEVEL = new Set([
  ".ci",
  ".dependency-cruiser.mjs",
  ".gitattributes",
  ".gitignore",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "biome.json",
  "docker-compose.yml",
  "infra",
  "knip.json",
  "package.json",
  "packages",
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  "services",
  "test",
  "tsconfig.json",
  "vitest.config.ts",
]);

/** What may not be committed, and what to do instead. */
const BANNED: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\b(TODO|FIXME|HACK)\b/, "do it now, or file an issue"],
  [/\bnot implemented\b/i, "leave it out until it works"],
  [/@ts-nocheck|eslint-disable|biome-ignore-all/, "mend the code, or change the rule for everybody"],
  [
    /(^|[\s"'`(=])\/(work|tmp|home|root)\//,
    "no path of one machine: use os.tmpdir() or a path relative to the checkout",
  ],
];

const SOURCE = /\.(ts|mjs|sql|json|md|ya?ml|sh)$|^\.ci\//;
const EXEMPT = /^(pnpm-lock\.yaml|infra\/check\/tidy\.ts)$/;

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && existsSync(file));

function misplaced(): string[] {
  return files.flatMap((file) => {
    const [top = ""] = file.split("/");
    if (!TOP_LEVEL.has(top))
      return [`${file}: the top level holds no ${top}; put it under packages, services, infra or test`];
    if (file.endsWith(".test.ts") && !/^test\/|^(packages(\/contexts)?|services)\/[^/]+\/test\//.test(file)) {
      return [`${file}: tests lie in the test/ folder of their package, or they never run`];
    }
    return [];
  });
}

function misnamedPackages(): string[] {
  const folders = new Set(
    files.flatMap(
      (file) => file.match(/^(packages\/contexts|packages(?!\/contexts)|services)\/[^/]+(?=\/)/)?.[0] ?? [],
    ),
  );
  return [...folders].flatMap((folder) => {
    const manifest = `${folder}/package.json`;
    if (!existsSync(manifest)) return [`${folder}: has no package.json`];
    const { name } = JSON.parse(readFileSync(manifest, "utf8")) as { name?: string };
    // A service may be called like the context that it hosts.
    const suffix = folder.startsWith("services/") ? "-service" : "";
    const expected = `@taem/${folder.split("/").at(-1)}${suffix}`;
    return name === expected ? [] : [`${manifest}: is named ${name}; name it ${expected}, like its folder`];
  });
}

function bannedWords(): string[] {
  return files
    .filter((file) => SOURCE.test(file) && !EXEMPT.test(file))
    .flatMap((file) =>
      readFileSync(file, "utf8")
        .split("\n")
        .flatMap((line, index) => {
          const found = BANNED.find(([pattern]) => pattern.test(line));
          return found ? [`${file}:${index + 1}: ${line.trim()}\n    ${found[1]}`] : [];
        }),
    );
}

const faults = [...misplaced(), ...misnamedPackages(), ...bannedWords()];
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
