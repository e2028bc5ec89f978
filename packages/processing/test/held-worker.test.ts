import { randomUUID } from "node:crypto";
import { createTestDatabase } from "@taem/postgres/testing";
import { test } from "vitest";
import { expectOnce } from "./support/killed-reactors.ts";
import { isHeld, startStampProcess } from "./support/stamp-process.ts";
import { StampProgram } from "./support/stamp-program.ts";

// Failures: a worker that is held (a frozen machine) keeps its slices from all others for good; or, when it wakes up,
// does once more what another one has done meanwhile.

test.concurrent.for([
  "handler: before IssueVoucher",
  "handler: after IssueVoucher",
  "inbox worker: before the commit of inbox settle",
])(
  "a worker that is held is stood in for, and does nothing twice when it wakes: %s",
  async (lastStep, { expect }) => {
    await using database = await createTestDatabase();
    const where = { url: database.url, run: randomUUID() };
    const held = startStampProcess({ ...where, lastStep, signal: "SIGSTOP" });
    try {
      await expect.poll(() => isHeld(held.child), { timeout: 60_000 }).toBe(true);
      await using program = await StampProgram.start(where);
      await program.finish();
      await expectOnce(program, where.run);
      held.child.kill("SIGCONT");
      await held.ended;
      await expectOnce(program, where.run);
      expect(await program.unfinished()).toBe(0);
    } finally {
      held.child.kill("SIGKILL");
      await held.ended.catch(() => undefined);
    }
  },
);
