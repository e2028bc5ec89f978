import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { yearOf } from "./support/stream.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function usedHeap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

it("what is remembered grows with the members, not with what they have done", () => {
  const used: number[] = [];
  let lines = 0;
  let day = 0;
  for (const chunk of yearOf({ members: 300, days: 1_600 }).chunks) {
    day++;
    // By half of the time everybody has joined and points have expired for two years.
    if (day > 800) lines += chunk.lines.length;
    if (day % 800 === 0) used.push(usedHeap());
  }
  const [before, after] = used as [number, number];
  // A lot alone takes some 300 bytes.
  expect((after - before) / lines).toBeLessThan(75);
});
