import { defineReactor, setTimer } from "@taem/processing";
import { createCatalogue, defineEvents, type EventIn, instant, text } from "@taem/schema";
import { dueInstants } from "../domain/index.ts";
import { account } from "../events.ts";

const commands = {
  /** Records what time has done to an account, by our ids; due at an instant on its programme's clock. */
  SweepAccount: { programme: text, member: text, currency: text, dueAt: instant },
} as const;

export type SweepAccount = EventIn<typeof commands>;

/**
 * A timer for each instant at which something of an account falls due, on its programme's clock. Several events may name
 * one instant: it is due once. No balance waits for a timer, and one that finds nothing to do changes nothing.
 */
export const sweeps = defineReactor({
  name: "sweeps",
  version: 2,
  timersSince: 1,
  catalogue: createCatalogue([account]),
  commands: defineEvents(commands),
  actor: "scheduler",
  react: ({ event }) => {
    const { programme, member, currency } = event;
    return dueInstants(event).map((dueAt) =>
      setTimer({
        key: `sweep:${member}:${currency}:${dueAt}`,
        // One account at a time, by a name that is shorter than its stream's: there are many of these rows.
        lane: `${member}:${currency}`,
        scope: programme,
        dueAt,
        command: { type: "SweepAccount", programme, member, currency, dueAt },
      }),
    );
  },
});
