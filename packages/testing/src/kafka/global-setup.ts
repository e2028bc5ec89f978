import { once } from "node:events";
import { mkdir, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { endOrphan } from "../../../../infra/kafka/broker.ts";
import { provideKafka } from "./kafka-provider.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where this run's brokers keep their data, each in a folder of its own. */
    readonly kafkaRun: string;
  }
}

const RUNS = join(tmpdir(), `taem-test-kafka-${userInfo().username}`);
const RUN = join(RUNS, String(process.pid));

let desk: Server;
let shared: ReturnType<typeof provideKafka> | undefined;

/**
 * Who connects to the socket of the run asks for the broker that the run shares, and is told its address. The first
 * who asks has it started, so that a run that needs none does not pay for one; it is ours, and ends with the run.
 */
export async function setup(project: TestProject): Promise<void> {
  await sweepDeadRuns();
  await mkdir(RUN, { recursive: true });
  desk = createServer((socket) => {
    socket.on("error", () => {});
    shared ??= provideKafka(join(RUN, "shared"));
    shared.then(
      (kafka) => socket.end(JSON.stringify("found" in kafka ? { found: kafka.found.brokers } : kafka)),
      (error: Error) => socket.end(JSON.stringify({ failed: error.message })),
    );
  });
  desk.listen(deskSocket(RUN));
  await once(desk, "listening");
  project.provide("kafkaRun", RUN);
}

export async function teardown(): Promise<void> {
  desk.close();
  const kafka = await shared?.catch(() => undefined);
  if (kafka !== undefined && "found" in kafka) await kafka.found[Symbol.asyncDispose]();
  await endRun(RUN);
}

export const deskSocket = (run: string) => join(run, "desk");

/** A run that was killed leaves its brokers behind, and so does a test that fails to stop its own. */
async function sweepDeadRuns(): Promise<void> {
  await mkdir(RUNS, { recursive: true });
  for (const run of await readdir(RUNS)) {
    if (!isAlive(Number(run))) await endRun(join(RUNS, run));
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function endRun(run: string): Promise<void> {
  for (const folder of await readdir(run)) await endOrphan(join(run, folder));
  await rm(run, { recursive: true, force: true });
}
