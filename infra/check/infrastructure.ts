/** Which servers the tests of a run really talked to: named by who provides them, printed when the run ends. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Names the file of this run to every process of it. */
const VARIABLE = "TAEM_TEST_INFRASTRUCTURE";

/** Begins a run; who provides servers is started after it. */
export function beginInfrastructure(): void {
  process.env[VARIABLE] = join(mkdtempSync(join(tmpdir(), "taem-test-infrastructure-")), "used");
}

/** Notes that tests use `server`, like `embedded 18.4`, where they need a `kind`, like `PostgreSQL`. */
export function noteInfrastructure(kind: string, server: string): void {
  const file = process.env[VARIABLE];
  if (file !== undefined) appendFileSync(file, `${kind}: ${server}\n`);
}

/** What was noted, each once, and forgets it. */
export function takeInfrastructure(): string[] {
  const file = process.env[VARIABLE];
  if (file === undefined) return [];
  const lines = read(file).split("\n");
  rmSync(join(file, ".."), { recursive: true, force: true });
  return [...new Set(lines.filter((line) => line !== ""))].sort();
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
