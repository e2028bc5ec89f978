import { DAY, HOUR } from "@taem/programme/testing";
import fc from "fast-check";
import { test } from "vitest";
import { holds, played, returning, runs, waiving } from "./support/history.ts";

test("any sequence of commands and clock moves is refused, accepted and repeated as the model says", () => {
  holds(runs, (run) => void played(run), 4);
});

test("sales and burns given back in any order end in the credit and debt that the model says", () => {
  holds(returning, (run) => void played(run), 3);
});

test("what returns waive while it is out is taken when it comes back as the model says", () => {
  holds(waiving, (run) => void played(run), 4);
});

test("what time will have done later is what the model will have done by then", () => {
  holds(fc.oneof(runs, waiving), (run) => {
    const world = played(run);
    for (let who = 0; who < world.sides.length; who++) {
      for (const later of [1, HOUR, DAY, 10 * DAY]) world.compare(who, world.now + later);
    }
  });
});
