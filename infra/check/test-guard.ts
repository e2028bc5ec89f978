/**
 * Runs inside every test file: a test that prints fails, and so does a file that leaves a socket, a server, a pipe or
 * a child process open. Both hide faults: noise that nobody reads, and work that outlives its test.
 */
import { inspect } from "node:util";
import { afterAll, afterEach, expect, vi } from "vitest";

const METHODS = ["debug", "dir", "error", "info", "log", "table", "trace", "warn"] as const;
const HANDLES = /^(TCP|Pipe|Process|UDP|MessagePort|Worker|FSReq|StatWatcher|FSEvent)/;
const CLOSING_MS = 2_000;

const printed: string[] = [];

function record(...values: unknown[]): true {
  printed.push(values.map((value) => (typeof value === "string" ? value : inspect(value))).join(" "));
  return true;
}

for (const method of METHODS) console[method] = record;
process.stdout.write = record;
process.stderr.write = record;

function expectSilence(): void {
  expect(printed.splice(0), "a test prints nothing; assert on the output or take it away").toEqual([]);
}

afterEach(expectSilence);

/** What keeps this process alive and is ours to close, counted by kind. */
function openHandles(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (HANDLES.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

// Node opens its standard input where a module imports `node:process`, and nobody can close that.
void process.stdin;
const before = openHandles();

function leaks(): string[] {
  return [...openHandles()]
    .filter(([kind, count]) => count > (before.get(kind) ?? 0))
    .map(([kind, count]) => `${count - (before.get(kind) ?? 0)} ${kind}`);
}

// Registered first, therefore run last: after every hook of the file. Closing is asynchronous in the kernel, so wait.
afterAll(async () => {
  expectSilence();
  await vi.waitFor(
    () => expect(leaks(), "the file left these open; close them in afterAll or with await using").toEqual([]),
    {
      timeout: CLOSING_MS,
      interval: 20,
    },
  );
});
