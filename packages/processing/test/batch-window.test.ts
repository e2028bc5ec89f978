import { expect, test } from "vitest";
import { BatchWindow } from "../src/batch-window.ts";
import { type Link, linkedEvent } from "../src/event-source.ts";
import { Marks } from "../src/marks.ts";

const watermark = (position: string): Link => ({ slice: 1, position, previous: position });
const event = (position: string): Link => ({
  ...watermark(position),
  event: linkedEvent({
    id: position,
    type: "NumberAdded",
    stream: "taem.member-a",
    revision: 1,
    slice: 1,
    position,
    recordedAt: 0,
    data: "",
    meta: "",
  }),
});
const batch = (...links: Link[]) => ({ links, hasMore: false });
const positions = (taken: { readonly links: readonly Link[] } | undefined) =>
  taken?.links.map(({ position }) => position);

test("holds no more links than it may, but the newest batch always, whoever has not taken them", () => {
  const window = new BatchWindow(10);
  for (let i = 0; i < 1_000; i++) window.push(batch(event(`${i}a`), event(`${i}b`), watermark(`${i}c`)));
  expect([window.first, window.next]).toEqual([997, 1_000]);
  window.push(batch(...Array.from({ length: 50 }, (_, i) => event(`${i}`))));
  expect([window.first, window.next]).toEqual([1_000, 1_001]);
});

test("gives what has gathered together, as many events as fit, with the watermarks behind the last", () => {
  const window = new BatchWindow(100);
  window.push(batch(event("1"), watermark("1w")));
  window.push(batch(event("2"), event("3"), watermark("3w"), event("4")));
  window.push({ links: [event("5")], hasMore: true });
  const place = { batch: 0, links: 0 };
  const first = window.take(place, 3);
  expect(positions(first)).toEqual(["1", "1w", "2", "3", "3w"]);
  expect(first?.hasMore).toBe(true);
  const second = window.take(place, 3);
  expect(positions(second)).toEqual(["4", "5"]);
  expect(second?.hasMore).toBe(true);
  expect(window.take(place, 3)).toBeUndefined();
});

test("has more while something is there, and else what the last batch says", () => {
  const window = new BatchWindow(100);
  window.push({ links: [event("1")], hasMore: true });
  window.push(batch(event("2")));
  const place = { batch: 0, links: 0 };
  expect(window.take(place, 1)?.hasMore).toBe(true);
  expect(window.take(place, 1)?.hasMore).toBe(false);
});

test("a mark that is passed says those before it, and few are kept however many there are", () => {
  const marks = new Marks<string>(3);
  for (const at of [1, 2, 3, 3, 4, 5]) marks.add(at, `to ${at}`);
  expect(marks.passed(0)).toBeUndefined();
  expect(marks.passed(2)).toBe("to 2");
  expect(marks.passed(4)).toBeUndefined();
  expect(marks.passed(5)).toBe("to 5");
  expect(marks.passed(9)).toBeUndefined();
});
