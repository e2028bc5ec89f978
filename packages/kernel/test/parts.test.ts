import { expect, test } from "vitest";
import { inParts, type Part, partsOf } from "../src/index.ts";

const split = (count: number) =>
  inParts(
    Array.from({ length: count }, (_, i) => i),
    3,
    (items, part: { readonly part?: Part }, isFirst) => ({ type: "T", items, ...part, isFirst }),
  );

test.each([
  [0, [0]],
  [3, [3]],
  [4, [3, 1]],
  [7, [3, 3, 1]],
])("an effect on %i items is events of %o items", (count, sizes) => {
  const events = split(count);
  expect(events.map(({ items }) => items.length)).toEqual(sizes);
  expect(events.flatMap(({ items }) => items)).toEqual(Array.from({ length: count }, (_, i) => i));
  expect(events.map(({ isFirst }) => isFirst)).toEqual(sizes.map((_, i) => i === 0));
  expect(partsOf(events[0])).toBe(sizes.length);
});

test("only what is more than one event numbers its parts", () => {
  expect(split(3)[0]).not.toHaveProperty("part");
  expect(split(4).map((event) => "part" in event && event.part)).toEqual([
    { index: 1, count: 2 },
    { index: 2, count: 2 },
  ]);
  expect(partsOf(undefined)).toBe(1);
});
