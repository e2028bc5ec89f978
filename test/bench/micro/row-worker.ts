import { getHeapStatistics } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import type { Outcome, Task } from "./row-thread.ts";
import { type RowName, rows } from "./rows.ts";

/** Operations between two looks at the clock while warming up. */
const PIECE = 256;

const row = await rows[workerData as RowName]();

parentPort?.on("message", (task: Task) => {
  // What it rejects with is the thread's own end, and tells whoever waits.
  void perform(task).then((outcome) => parentPort?.postMessage(outcome));
});
parentPort?.postMessage("ready");

async function perform({ operations, leadIn = 0, warmUp }: Task): Promise<Outcome> {
  if (warmUp !== undefined) {
    let spent = 0;
    for (let done = 0; done < warmUp.operations || spent < warmUp.micros; done += PIECE) {
      spent += (await measured(PIECE)).micros;
    }
  }
  if (leadIn > 0) await row(leadIn);
  return await measured(operations);
}

/** The CPU of the process and not of the thread, which Linux tells in steps of milliseconds: no other thread works. */
async function measured(operations: number): Promise<Outcome> {
  const heapBefore = getHeapStatistics().used_heap_size;
  const before = process.cpuUsage();
  await row(operations);
  const { user, system } = process.cpuUsage(before);
  const bytes = getHeapStatistics().used_heap_size - heapBefore;
  return { micros: user + system, bytes };
}
