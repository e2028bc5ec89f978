import type { RecordedEvent } from "@taem/event-store";
import { SLICES } from "@taem/kernel";
import { judge, type Link } from "@taem/processing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Chain } from "../../src/relay/chain.ts";

const BEGINNING = { position: "", landmark: undefined };
const NOWHERE = new Array<string>(SLICES).fill("");
const toPosition = (count: number) => String(count).padStart(4, "0");

/** A log of events that lie in these slices. */
function logOf(slices: readonly number[]): RecordedEvent[] {
  return slices.map((slice, i) => {
    const position = toPosition(i + 1);
    return {
      id: position,
      stream: `s-${slice}`,
      type: "T",
      revision: i + 1,
      data: "",
      meta: "",
      recordedAt: 0,
      slice,
      position,
    };
  });
}

interface Told extends Link {
  readonly id?: string;
}

/** Tells what a relay would of a log, page by page; after some pages it breaks off, and the next one begins at the checkpoint. */
function tell(
  log: readonly RecordedEvent[],
  pageSize: number,
  breaksAfter: readonly number[],
  clockStep: number,
): Told[] {
  const told: Told[] = [];
  const breaks = new Set(breaksAfter);
  let chain = new Chain(BEGINNING, NOWHERE);
  let saved = { at: 0, position: "", landmark: chain.landmark, newest: NOWHERE };
  for (let page = 1; saved.at < log.length; page++) {
    const events = log.slice(saved.at, saved.at + pageSize);
    const next = events.at(-1)?.position as string;
    const now = page * clockStep;
    for (const { event, previous } of chain.add({ events, next }, now)) {
      told.push({ slice: event.slice, position: event.position, previous, id: event.id });
    }
    told.push(...chain.watermarks(now));
    // What was sent last may have been sent and not saved.
    if (breaks.has(page)) chain = new Chain(saved, saved.newest);
    else {
      const { position, landmark, newest } = chain;
      saved = { at: saved.at + events.length, position, landmark, newest: [...newest] };
    }
  }
  return told;
}

const logs = fc.array(fc.constantFrom(0, 1, 2, 63), { minLength: 1, maxLength: 60 }).map(logOf);

test("a consumer takes every event once and in order, however often a relay begins again", () => {
  fc.assert(
    fc.property(
      logs,
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.nat(8)),
      fc.constantFrom(0, 400, 6_000),
      (log, size, breaks, step) => {
        const checkpoints = new Map<number, string>();
        const taken: string[] = [];
        for (const link of tell(log, size, breaks, step)) {
          const verdict = judge(link, checkpoints.get(link.slice) ?? "");
          expect(verdict).not.toBe("gap");
          const { landmark } = link;
          if (link.id === undefined)
            expect(landmark).toMatchObject({ id: link.position, position: link.position });
          if (verdict === "ignore") continue;
          checkpoints.set(link.slice, link.position);
          if (link.id !== undefined) taken.push(link.id);
        }
        expect(taken).toEqual(log.map(({ id }) => id));
      },
    ),
  );
});

test("whatever is lost on the way, a consumer who repairs gaps misses nothing that it is told of", () => {
  fc.assert(
    fc.property(
      logs,
      fc.integer({ min: 1, max: 9 }),
      fc.infiniteStream(fc.boolean()),
      (log, size, isLost) => {
        const checkpoints = new Map<number, string>();
        const taken = new Map<number, string[]>();
        const take = (slice: number, upTo: string) => {
          const after = checkpoints.get(slice) ?? "";
          const missing = log.filter(
            (event) => event.slice === slice && event.position > after && event.position <= upTo,
          );
          taken.set(slice, [...(taken.get(slice) ?? []), ...missing.map(({ id }) => id)]);
          checkpoints.set(slice, upTo);
        };
        const told = tell(log, size, [], 0);
        const end = { position: toPosition(log.length), landmark: undefined };
        const last = new Chain(end, newestOf(log)).watermarks(0);
        for (const link of [...told.filter(() => isLost.next().value !== true), ...last]) {
          const verdict = judge(link, checkpoints.get(link.slice) ?? "");
          if (verdict === "gap") take(link.slice, link.previous);
          if (verdict !== "ignore") take(link.slice, link.position);
        }
        for (const slice of new Set(log.map((event) => event.slice))) {
          expect(taken.get(slice)).toEqual(log.filter((event) => event.slice === slice).map(({ id }) => id));
        }
      },
    ),
  );
});

function newestOf(log: readonly RecordedEvent[]): string[] {
  return NOWHERE.map((_, slice) => log.findLast((event) => event.slice === slice)?.position ?? "");
}

test("a slice that is behind is told within a second, one that is not every five, and neither more often", () => {
  const chain = new Chain(BEGINNING, NOWHERE);
  chain.add({ events: logOf([7]), next: "0001" }, 0);
  const slicesTold = (now: number) => chain.watermarks(now).map(({ slice }) => slice);
  expect(slicesTold(0)).toHaveLength(SLICES - 1);
  expect(slicesTold(999)).toEqual([]);
  chain.add({ events: logOf([0, 9]).slice(1), next: "0002" }, 1_000);
  expect(slicesTold(1_000)).toHaveLength(SLICES - 1);
  expect(slicesTold(5_999)).toEqual([]);
  expect(slicesTold(6_000)).toHaveLength(SLICES);
});

test("an empty log has nothing to tell", () => {
  expect(new Chain(BEGINNING, NOWHERE).watermarks(60_000)).toEqual([]);
});
