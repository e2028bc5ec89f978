import {
  amount,
  choice,
  earlier,
  type Histories,
  instant,
  integer,
  list,
  optional,
  text,
} from "@taem/schema";
import { commanded, lotPart, newLot, replacementLot } from "./event-fields.ts";

/** The next version added optional fields; what did not say them says nothing about them. */
const unchanged = (body: object): object => body;

const adjustmentRequested1 = {
  ...commanded,
  adjustment: integer,
  direction: choice("credit", "debit", "write_off"),
  amount,
  reason: text,
  requestedBy: text,
} as const;

/**
 * Versions that events were once written in, for each type that has had more than one. They are in stores for ever:
 * nothing here is changed or taken out.
 */
export const accountHistories: Histories = {
  AdjustmentRequested: {
    current: 3,
    earlier: {
      1: earlier(adjustmentRequested1, unchanged),
      2: earlier({ ...adjustmentRequested1, expiresAt: optional(instant) }, unchanged),
    },
  },
  AdjustmentCredited: {
    current: 2,
    earlier: {
      1: earlier(
        {
          ...commanded,
          adjustment: optional(integer),
          lot: newLot,
          reason: text,
          requestedBy: text,
          approvedBy: optional(text),
          deadline: optional(instant),
        },
        unchanged,
      ),
    },
  },
  AdjustmentDebited: {
    current: 2,
    earlier: {
      1: earlier(
        {
          ...commanded,
          adjustment: optional(integer),
          amount,
          takes: list(lotPart),
          reason: text,
          requestedBy: text,
          approvedBy: optional(text),
        },
        unchanged,
      ),
    },
  },
  DebtWrittenOff: {
    current: 2,
    earlier: {
      1: earlier(
        { ...commanded, adjustment: integer, amount, reason: text, requestedBy: text, approvedBy: text },
        unchanged,
      ),
    },
  },
  BurnReversed: {
    current: 2,
    earlier: {
      1: earlier(
        {
          ...commanded,
          origin: integer,
          amount,
          restored: list(lotPart),
          replacements: list(replacementLot),
          redemption: text,
          reason: text,
          deadline: optional(instant),
        },
        unchanged,
      ),
    },
  },
};
