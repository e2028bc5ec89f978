import { describe, expect, test } from "vitest";
import { causedBy, depthOf } from "../src/index.ts";

const ID = "0198e9c4-6e0e-4cc0-98d0-3d2b0b7f0c12";

describe("causation", () => {
  test("what came from outside has no depth, and what it leads to is named by the event alone", () => {
    expect(depthOf(undefined)).toBe(0);
    expect(causedBy(ID, undefined)).toBe(ID);
    expect(depthOf(ID)).toBe(1);
  });

  test("each reaction is one deeper than what led to it", () => {
    let causation: string | undefined;
    for (let depth = 1; depth <= 12; depth++) {
      causation = causedBy(ID, causation);
      expect(depthOf(causation)).toBe(depth);
      expect(causation.startsWith(ID)).toBe(true);
    }
  });

  test("what somebody else has written there counts as one reaction", () => {
    for (const text of ["", "order 7", `${ID}~0`, `${ID}~x`, "~"]) expect(depthOf(text)).toBe(1);
  });
});
