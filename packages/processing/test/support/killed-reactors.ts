import { randomUUID } from "node:crypto";
import type { EventStore } from "@taem/event-store";
import { createTestDatabase } from "@taem/postgres/testing";
import { streamOf } from "@taem/schema";
import { afterAll, describe, expect, test } from "vitest";
import { card, stampCards, voucher, vouchers } from "../../src/contract/stamp-cards.ts";
import { rebuild } from "../../src/index.ts";
import { startStampProcess } from "./stamp-process.ts";
import { cardsOf, StampProgram, type StampProgramOptions } from "./stamp-program.ts";

/** Where the events are, if not in the database. */
export interface ProvidedStore extends AsyncDisposable {
  readonly storeUrl?: string;
}

/** Parts of a run in which a step must have been seen, or a part is not tried. */
const PARTS =
  /^(store|handler|door|inbox worker|cards projector|vouchers projector|stamp_cards runner|vouchers runner):/;

/**
 * Runs the stamp program once to see which steps it takes, then once for each of them, ended there by SIGKILL. Two
 * programs then go on where it was, and everything is there once. `isTried` leaves steps out.
 */
export async function killedReactors(
  name: string,
  provide: () => Promise<ProvidedStore>,
  isTried: (step: string) => boolean = () => true,
): Promise<void> {
  const undo = new AsyncDisposableStack();
  const { storeUrl } = undo.use(await provide());
  const { url } = undo.use(await createTestDatabase());
  const where = { url, ...(storeUrl !== undefined && { storeUrl }) };
  const unharmed = randomUUID();
  const { steps } = await startStampProcess({ ...where, run: unharmed }).ended;
  afterAll(() => undo.disposeAsync());

  describe(`reactors, timers, counters and inboxes on ${name}`, () => {
    test("a run that nobody ends does everything once, and every part of it takes steps", async () => {
      await using program = await StampProgram.start({ ...where, run: unharmed });
      await expectOnce(program, unharmed);
      const parts = new Set(steps.map((step) => PARTS.exec(step)?.[1]));
      expect([parts.size, parts.has(undefined)]).toEqual([8, false]);
    });

    test.each(steps.filter(isTried))(
      "ended at a step, nothing is lost and nothing is done twice: %s",
      async (lastStep) => {
        const run = await runUntil(where, lastStep);
        await using one = await StampProgram.start({ ...where, run });
        await using two = await StampProgram.start({ ...where, run });
        await Promise.all([one.finish(), two.finish()]);
        await expectOnce(one, run);
      },
    );

    test("after all of them the rows and timers are what the log says", async () => {
      await using program = await StampProgram.start({ ...where, run: unharmed });
      const { database, store } = program;
      for (const { projection } of [stampCards, vouchers]) {
        expect(await rebuild({ projection, database, store, expect: "equal" })).toMatchObject({
          outcome: "taken_over",
        });
      }
    });
  });
}

/** How often a step may be missed that depends on how events meet. */
const ATTEMPTS = 40;

/** Leaves a run where a step ended it. */
async function runUntil(where: Omit<StampProgramOptions, "run">, lastStep: string): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const run = randomUUID();
    const { signal } = await startStampProcess({ ...where, run, lastStep }).ended;
    if (signal === "SIGKILL") return run;
  }
  throw new Error(`no run came to the step: ${lastStep}`);
}

async function typesIn(store: EventStore, streams: readonly string[]): Promise<string[][]> {
  const found = await store.read(streams.map((stream) => ({ stream, afterRevision: 0 })));
  return found.map(({ events }) => events.map(({ type }) => type));
}

export async function expectOnce({ store }: StampProgram, run: string): Promise<void> {
  const { open, closed } = cardsOf(run);
  const streams = [
    streamOf(card, open),
    streamOf(card, closed),
    streamOf(voucher, open, 1),
    streamOf(voucher, open, 2),
    streamOf(voucher, closed, 1),
    streamOf({ name: "stock" }, run),
  ];
  const [stamps = [], others = [], used, expired, denied, stock = []] = await typesIn(store, streams);
  expect(stamps).toEqual(Array(20).fill("StampGiven"));
  expect(others.sort()).toEqual(["CardClosed", ...Array(10).fill("StampGiven")]);
  expect(used).toEqual(["VoucherIssued", "VoucherUsed"]);
  expect(expired).toEqual(["VoucherIssued", "VoucherExpired"]);
  expect(denied).toEqual(["VoucherDenied"]);
  expect(stock.sort()).toEqual([
    ...Array(2).fill("CounterConfirmed"),
    "CounterReleased",
    ...Array(3).fill("CounterReserved"),
  ]);
}
