import { defineReactor, send } from "@taem/processing";
import { createCatalogue, defineEvents, type EventIn, integer, text } from "@taem/schema";
import { account } from "../events.ts";

const commands = {
  /** Brings a transfer to its end from its first leg, whose first event has this revision in the source account. */
  CompleteTransfer: { programme: text, member: text, currency: text, transfer: text, revision: integer },
} as const;

export type CompleteTransfer = EventIn<typeof commands>;

/** Whoever began a transfer ends it within this time, or is not coming back. */
const GRACE_MS = 15_000;

/**
 * A process without a state of its own: its two accounts lie in two slices, and the keys of its legs say how far it has come.
 * So every transfer is brought to its end a second time, which finds that it has ended, unless it was left half done.
 */
export const transfers = defineReactor({
  name: "transfers",
  version: 1,
  catalogue: createCatalogue([account]),
  handles: (type) => type === "TransferOut",
  commands: defineEvents(commands),
  actor: "scheduler",
  react: ({ event, record: { revision, recordedAt } }) => {
    if (event.type !== "TransferOut" || (event.part?.index ?? 1) !== 1) return [];
    const { programme, member, currency, transfer } = event;
    const key = `transfer:${transfer}`;
    const command = { type: "CompleteTransfer", programme, member, currency, transfer, revision } as const;
    // A lane of its own: no transfer waits for another one of its account.
    return [send(command, { key, lane: key, notBefore: recordedAt + GRACE_MS })];
  },
});
