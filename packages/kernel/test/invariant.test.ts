import { expect, test } from "vitest";
import { InvariantViolation, invariant } from "../src/index.ts";

test("what is so goes on, and what is not stops with what must be so", () => {
  const nothing = () => {
    throw new Error("nobody asked for words");
  };
  invariant(1, nothing);
  expect(() => invariant(0, "a sum is zero")).toThrow(InvariantViolation);
  expect(() => invariant(undefined, () => "a row is there")).toThrow(
    "this must be so, and is not: a row is there",
  );
});
