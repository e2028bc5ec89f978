import { createCatalogue, defineEvents, type EventIn, instant, integer, text } from "@taem/schema";
import { cancelTimer, send, setTimer } from "../reactions/reaction.ts";
import { defineProcessManager, defineReactor, type ReactorOptions } from "../reactions/reactor.ts";
import { keyedRows } from "../rows/keyed-rows.ts";

/**
 * The smallest programme that has everything: every tenth stamp of a card wins a voucher, as long as there are any; a
 * voucher that nobody uses expires.
 */

const STAMPS_A_ROUND = 10;

const cardDescriptions = {
  StampGiven: { card: text, receipt: text },
  CardClosed: { card: text },
} as const;

const voucherDescriptions = {
  VoucherIssued: { card: text, round: integer, shop: text, expiresAt: instant },
  VoucherDenied: { card: text, round: integer, reason: text },
  VoucherExtended: { card: text, round: integer, shop: text, expiresAt: instant },
  VoucherUsed: { card: text, round: integer },
  VoucherExpired: { card: text, round: integer },
} as const;

export const card = { name: "card", owner: "stream", events: defineEvents(cardDescriptions) } as const;
export const voucher = {
  name: "voucher",
  owner: "stream",
  events: defineEvents(voucherDescriptions),
} as const;

export type CardEvent = EventIn<typeof cardDescriptions>;
export type VoucherEvent = EventIn<typeof voucherDescriptions>;

const commandDescriptions = {
  IssueVoucher: { card: text, round: integer },
  ExpireVoucher: { card: text, round: integer },
} as const;

export const stampCommands = defineEvents(commandDescriptions);
export type StampCommand = EventIn<typeof commandDescriptions>;

const name = `text COLLATE "C" NOT NULL`;

/** A card is a process: it counts, and at every tenth stamp asks for a voucher. */
export const stampCards = defineProcessManager({
  name: "stamp_cards",
  version: 1,
  catalogue: createCatalogue([card]),
  commands: stampCommands,
  table: {
    name: "cards",
    columns: { slice: "smallint NOT NULL", card: name, stamps: "int NOT NULL" },
    key: ["card"],
    indexes: [],
    appendOnly: false,
  },
  correlate: ({ event }) => ({ card: event.card }),
  step(state, { event }) {
    // A closed card is forgotten.
    if (event.type === "CardClosed") return { state: undefined, reactions: [] };
    const stamps = (state?.stamps ?? 0) + 1;
    const next = { card: event.card, stamps };
    if (stamps % STAMPS_A_ROUND !== 0) return { state: next, reactions: [] };
    const command = { type: "IssueVoucher", card: event.card, round: stamps / STAMPS_A_ROUND } as const;
    return { state: next, reactions: [send(command, { key: voucherKey(command) })] };
  },
});

/** What became of each voucher. */
export const voucherRows = keyedRows({
  table: {
    name: "vouchers",
    columns: {
      slice: "smallint NOT NULL",
      card: name,
      round: "int NOT NULL",
      status: name,
      expires_at: "bigint",
    },
    key: ["card", "round"],
    indexes: [],
    appendOnly: false,
  },
  key: ({ event }: { readonly event: VoucherEvent }) => ({ card: event.card, round: event.round }),
  apply(row, { event }) {
    const { card, round } = event;
    const status = event.type.slice("Voucher".length).toLowerCase();
    const expires_at = "expiresAt" in event ? BigInt(event.expiresAt) : (row?.expires_at ?? null);
    return { card, round, status, expires_at };
  },
});

/** A voucher expires by a timer, which moves and ends with it. */
export const voucherReactor: ReactorOptions<VoucherEvent, StampCommand> = {
  name: "vouchers",
  version: 1,
  catalogue: createCatalogue([voucher]),
  commands: stampCommands,
  rows: [voucherRows],
  react({ event }) {
    const { card, round } = event;
    const key = `expire:${card}:${round}`;
    switch (event.type) {
      case "VoucherIssued":
      case "VoucherExtended": {
        const command = { type: "ExpireVoucher", card, round } as const;
        return [setTimer({ key, scope: event.shop, dueAt: event.expiresAt, command, lane: card })];
      }
      case "VoucherUsed":
        return [cancelTimer(key)];
      default:
        return [];
    }
  },
};

export const vouchers = defineReactor(voucherReactor);

export function voucherKey({ card, round }: { readonly card: string; readonly round: number }): string {
  return `voucher:${card}:${round}`;
}
