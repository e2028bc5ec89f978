import { createCatalogue } from "@taem/schema";
import { expect, test } from "vitest";
import {
  type CardEvent,
  stampCards,
  stampCommands,
  type VoucherEvent,
  voucher,
  voucherRows,
  vouchers,
} from "../src/contract/stamp-cards.ts";
import { cancelTimer, defineReactor, keyedRows, send, setTimer } from "../src/index.ts";
import { given, happened } from "../testing/index.ts";

const stamp = (card: string, no: number): CardEvent => ({
  type: "StampGiven",
  card,
  receipt: `receipt ${no}`,
});
const about = { card: "c", round: 1 } as const;
const issued: VoucherEvent = { type: "VoucherIssued", ...about, shop: "s", expiresAt: 7 };

const timer = { key: "k", scope: "s", dueAt: 7, command: { type: "ExpireVoucher", ...about } } as const;
const wrongly = { name: "wrong", version: 1, catalogue: createCatalogue([voucher]), commands: stampCommands };

test("rows by key are told without a database", async () => {
  const used: VoucherEvent = { type: "VoucherUsed", ...about };
  const other: VoucherEvent = { type: "VoucherDenied", card: "d", round: 2, reason: "card_closed" };
  expect(await given(issued, other, used).rows(voucherRows)).toEqual([
    { slice: 0, ...about, status: "used", expires_at: 7n },
    { slice: 0, card: "d", round: 2, status: "denied", expires_at: null },
  ]);
});

test("so is what comes of events, by reactor and by process manager", async () => {
  const stamps = Array.from({ length: 10 }, (_, i) => stamp("c", i));
  const command = { type: "IssueVoucher", ...about };
  expect(await given(...stamps.slice(1)).reactions(stampCards)).toEqual([]);
  expect(await given(...stamps, stamp("d", 1)).reactions(stampCards)).toEqual([
    { kind: "send", command, key: "voucher:c:1" },
  ]);
  const used: VoucherEvent = { type: "VoucherUsed", ...about };
  expect(await given(issued, used).reactions(vouchers)).toMatchObject([
    { kind: "set_timer", key: "expire:c:1", scope: "s", dueAt: 7 },
    { kind: "cancel_timer", key: "expire:c:1" },
  ]);
});

test.each([
  [[send({ type: "ExpireVoucher", ...about }, { key: "" })], "a key has 1 to 400 characters"],
  [[cancelTimer("k".repeat(401))], "a key has 1 to 400 characters"],
  [[setTimer({ ...timer, dueAt: Number.NaN })], "an instant is a whole number of milliseconds"],
  [[setTimer({ ...timer, dueAt: 0.5 })], "an instant is a whole number of milliseconds"],
])("what cannot be written is an error of the event: %j", async (reactions, message) => {
  const wrong = defineReactor({ ...wrongly, react: () => reactions });
  await expect(given(issued).reactions(wrong)).rejects.toThrow(message);
});

test("an event may have happened elsewhere, and a row belongs to one slice", async () => {
  const elsewhere = happened<VoucherEvent>(
    { type: "VoucherUsed", ...about },
    { slice: 9, stream: "taem.other-1" },
  );
  expect(await given(elsewhere).rows(voucherRows)).toMatchObject([{ slice: 9 }]);
  await expect(given(issued, elsewhere).rows(voucherRows)).rejects.toThrow("belongs to slice 0");
});

test("rows that depend on the batches are found", async () => {
  let batches = 0;
  const forgetful = {
    ...voucherRows,
    begin: () => {
      batches++;
      return keyedRows({
        table: {
          name: "n",
          columns: { slice: "smallint NOT NULL", card: "text NOT NULL", n: "int NOT NULL" },
          key: ["card"],
          indexes: [],
          appendOnly: false,
        },
        key: ({ event }: { readonly event: VoucherEvent }) => ({ card: event.card }),
        apply: (_, { event }) => ({ card: event.card, n: batches }),
      }).begin();
    },
  };
  await expect(given(issued, issued).rows(forgetful)).rejects.toThrow("in one batch");
});
