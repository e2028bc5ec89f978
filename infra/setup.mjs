// Installs what the lockfile names and proves that Node 24 is what runs next. Started by whatever Node the machine
// has, so it keeps to syntax that old versions can read and can refuse politely.
import { execSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const machine = `${process.platform}-${process.arch}`;

function stop(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}

function major(version) {
  return Number(version.replace(/^v/, "").split(".")[0]);
}

if (major(process.version) < 20) {
  stop(
    `Taem needs Node 20 or newer to install itself; this is ${process.version}. Get one from https://nodejs.org.`,
  );
}
if (process.platform === "win32") {
  stop("Taem runs on Linux and macOS. On Windows, run it inside WSL.");
}

const { packageManager } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
const { status, stderr } = spawnSync("npx", ["--yes", packageManager, "install", "--frozen-lockfile"], {
  cwd: root,
  encoding: "utf8",
  stdio: ["ignore", "inherit", "pipe"],
});
process.stderr.write(stderr ?? "");
if (status !== 0) {
  stop(
    /ERR_PNPM_\w*LOCKFILE/.test(stderr)
      ? `pnpm-lock.yaml is not that of the package.json files: one of them has changed without it, as the lines above say. Take both from the same commit, or bring the lock file up to date with \`npx ${packageManager} install\`.`
      : "The install failed; what is printed above says why. It needs npm and the npm registry.",
  );
}

// What `npm run` finds first on its PATH: the Node package of this platform, or else the machine's own Node. npm has a package of
// Node 24 for Linux and for Macs with an Intel processor; for those with Apple silicon only its first, unpatched release.
const OLDEST = [24, 18];
const env = { ...process.env, PATH: `${root}/node_modules/.bin:${process.env.PATH}` };

function nodeVersion() {
  try {
    return execSync("node --version", { encoding: "utf8", env, stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "none that runs here";
  }
}

const node = nodeVersion();
const [found, minor] = node.replace(/^v/, "").split(".").map(Number);
if (!(found > OLDEST[0] || (found === OLDEST[0] && minor >= OLDEST[1]))) {
  stop(
    `npm has no Node 24 for ${machine}, and the Node installed is ${node}. Get Node ${OLDEST.join(".")} or newer from https://nodejs.org.`,
  );
}
