import { expect, test } from "vitest";
import { OffsetMarks } from "../src/offset-marks.ts";

// The failure: an offset is committed before its events are in the tables, and after a restart they do not come again.

const topic = { name: "taem", partitions: 3 };

test("only what is done with is committed, of each partition, and once", () => {
  const marks = new OffsetMarks(topic);
  marks.add(0, 1, 10n);
  marks.add(2, 2, 5n);
  marks.add(0, 3, 20n);
  expect(marks.toCommit()).toBeUndefined();
  marks.doneWith(2);
  const partitions = [
    { partition: 0, offset: "10" },
    { partition: 2, offset: "5" },
  ];
  expect(marks.toCommit()).toEqual({ topics: [{ topic: "taem", partitions }] });
  expect(marks.toCommit()).toBeUndefined();
  marks.doneWith(1);
  expect(marks.toCommit()).toBeUndefined();
  marks.doneWith(3);
  expect(marks.toCommit()?.topics[0]?.partitions).toEqual([{ partition: 0, offset: "20" }]);
});

test("what is said to be done with before its offset is known counts when it is", () => {
  const marks = new OffsetMarks(topic);
  marks.doneWith(4);
  marks.add(1, 4, 7n);
  expect(marks.toCommit()?.topics[0]?.partitions).toEqual([{ partition: 1, offset: "7" }]);
});
