import { DAY, HOUR } from "@taem/programme/testing";
import fc from "fast-check";
import type { ModelRules } from "../model.ts";

/** What can happen to the accounts of a run, as plain data: it shrinks and prints well. */

/** An amount, or one relative to what there is: half, exactly all, one more, more than any command may move. */
export type Pick = bigint | "half" | "all" | "one over" | "huge";

export type Operation = { readonly who: number; readonly shift: number } & (
  | { readonly op: "wait"; readonly ms: number }
  | { readonly op: "sweep" }
  | { readonly op: "repeat"; readonly which: number }
  | { readonly op: "earn"; readonly points: Pick; readonly life?: number | null | undefined }
  | { readonly op: "spend"; readonly spend: Pick }
  | { readonly op: "burn"; readonly points: Pick }
  | { readonly op: "hold"; readonly points: Pick; readonly seconds?: number | undefined }
  | { readonly op: "capture"; readonly which: number; readonly points?: Pick | undefined }
  | { readonly op: "void"; readonly which: number }
  | { readonly op: "reverse"; readonly which: number; readonly by: By }
  | { readonly op: "return"; readonly points: Pick }
  | { readonly op: "transfer"; readonly to: number; readonly points: Pick }
  | { readonly op: "carry"; readonly which: number }
  | { readonly op: "adjust"; readonly direction: Direction; readonly points: Pick; readonly actor: string }
  | { readonly op: "approve" | "reject" | "withdraw"; readonly which: number; readonly actor: string }
);

type By = { readonly points: Pick } | { readonly spend: Pick } | { readonly all: true };
type Direction = "credit" | "debit" | "write_off";

export const MEMBERS = 3;

const amount = fc.oneof(
  { weight: 8, arbitrary: fc.constant("half" as const) },
  { weight: 6, arbitrary: fc.constant("all" as const) },
  { weight: 4, arbitrary: fc.bigInt({ min: 1n, max: 12n }) },
  { weight: 2, arbitrary: fc.bigInt({ min: 1n, max: 500n }) },
  { weight: 1, arbitrary: fc.constantFrom("one over" as const, "huge" as const, 10n ** 15n) },
);
const which = fc.constantFrom(0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 5, 8);
/** Most happens to the first member, so that histories grow long enough to be interesting. */
const who = fc.constantFrom(0, 0, 0, 0, 0, 1, 1, MEMBERS - 1);
const to = fc.constantFrom(1, 1, 1, 1, 2, 2, 0);
/** Two people: one of them goes by two names. */
const actor = fc.constantFrom("ann (1)", "ann (2) (1)", "bob (2)");
const direction = fc.constantFrom<Direction>("credit", "debit", "write_off");

const by: fc.Arbitrary<By> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ points: amount }) },
  { weight: 2, arbitrary: fc.record({ spend: amount }) },
  { weight: 3, arbitrary: fc.constant({ all: true as const }) },
);

const kind = <T extends object>(op: Operation["op"], fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record({ op: fc.constant(op), ...fields });

type Weighted = fc.WeightedArbitrary<{ readonly op: Operation["op"] }>;

const always: readonly Weighted[] = [
  { weight: 3, arbitrary: kind("wait", { ms: waits() }) },
  { weight: 1, arbitrary: kind("sweep", {}) },
  { weight: 1, arbitrary: kind("repeat", { which: fc.nat() }) },
  { weight: 2, arbitrary: kind("earn", { points: amount, life: lives() }) },
  { weight: 2, arbitrary: kind("spend", { spend: amount }) },
];

const families: readonly (readonly Weighted[])[] = [
  [{ weight: 5, arbitrary: kind("burn", { points: amount }) }],
  [
    { weight: 4, arbitrary: kind("hold", { points: amount, seconds: holdSeconds() }) },
    { weight: 3, arbitrary: kind("capture", { which, points: fc.option(captured(), { nil: undefined }) }) },
    { weight: 2, arbitrary: kind("void", { which }) },
  ],
  [
    { weight: 6, arbitrary: kind("reverse", { which, by }) },
    { weight: 1, arbitrary: kind("return", { points: amount }) },
  ],
  [
    { weight: 3, arbitrary: kind("transfer", { to, points: amount }) },
    { weight: 4, arbitrary: kind("carry", { which }) },
  ],
  [
    { weight: 3, arbitrary: kind("adjust", { direction, points: amount, actor }) },
    { weight: 3, arbitrary: kind("approve", { which, actor }) },
    { weight: 1, arbitrary: kind("reject", { which, actor }) },
    { weight: 1, arbitrary: kind("withdraw", { which, actor }) },
  ],
];

/** Business times mostly now, sometimes earlier, sometimes as far ahead as is allowed, sometimes further. */
const shift = fc.oneof(
  { weight: 14, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.constantFrom(-1, -HOUR, -DAY, -3 * DAY) },
  { weight: 1, arbitrary: fc.constantFrom(300_000, 300_001, 60_000) },
);

function waits(): fc.Arbitrary<number> {
  return fc.constantFrom(1, 60_000, 300_000, 300_000, HOUR, HOUR, HOUR, 6 * HOUR, DAY, 3 * DAY);
}

function holdSeconds(): fc.Arbitrary<number | undefined> {
  return fc.constantFrom(undefined, undefined, undefined, 1, 7_200, 200_000, 604_800, 604_801);
}

function captured(): fc.Arbitrary<Pick> {
  return fc.oneof(fc.constant(0n), amount);
}

/** How long an earn's points live from its business time on: by policy, for ever, shortly, or not at all. */
function lives(): fc.Arbitrary<number | null | undefined> {
  return fc.constantFrom(undefined, undefined, undefined, null, null, 2 * HOUR, 6 * HOUR, DAY, 1, 0, -HOUR);
}

/** Every run begins with something to spend. */
const beginning = lives().map((life): Operation => ({ op: "earn", who: 0, shift: 0, points: 300n, life }));

const operationsAmong = (kinds: readonly Weighted[], someone: fc.Arbitrary<number>, shifts = shift) => {
  const operation = fc
    .tuple(fc.record({ who: someone, shift: shifts }), fc.oneof(...kinds))
    .map(([common, rest]) => ({ ...common, ...rest }) as Operation);
  return fc
    .tuple(beginning, fc.array(operation, { maxLength: 60, size: "max" }))
    .map(([first, run]) => [first, ...run]);
};

/** Each run draws from a few families of operations only, so that they meet more often. */
export const operations: fc.Arbitrary<Operation[]> = fc
  .subarray(families as (readonly Weighted[])[], { minLength: 1 })
  .chain((chosen) => operationsAmong([...always, ...chosen.flat()], who));

/** One member, who buys, spends, returns and gets back, over and over. */
export const returns: fc.Arbitrary<Operation[]> = operationsAmong(
  [
    { weight: 2, arbitrary: kind("wait", { ms: fc.constantFrom(1, 300_000, HOUR, 2 * HOUR) }) },
    { weight: 3, arbitrary: kind("earn", { points: amount, life: lives() }) },
    { weight: 3, arbitrary: kind("burn", { points: amount }) },
    { weight: 1, arbitrary: kind("hold", { points: amount, seconds: holdSeconds() }) },
    { weight: 1, arbitrary: kind("capture", { which }) },
    {
      weight: 7,
      arbitrary: kind("reverse", { which: fc.nat({ max: 7 }), by: fc.record({ points: amount }) }),
    },
  ],
  fc.constant(0),
);

/** One member, whose points are held, spent and under way while sales come back, and come back after them. */
export const absences: fc.Arbitrary<Operation[]> = operationsAmong(
  [
    { weight: 2, arbitrary: kind("wait", { ms: fc.constantFrom(1, 60_000, 300_000, HOUR, 2 * HOUR) }) },
    { weight: 1, arbitrary: kind("sweep", {}) },
    { weight: 3, arbitrary: kind("earn", { points: amount, life: lives() }) },
    { weight: 2, arbitrary: kind("burn", { points: amount }) },
    { weight: 3, arbitrary: kind("hold", { points: amount, seconds: holdSeconds() }) },
    { weight: 1, arbitrary: kind("capture", { which, points: captured() }) },
    { weight: 1, arbitrary: kind("void", { which }) },
    { weight: 2, arbitrary: kind("transfer", { to: fc.constant(1), points: amount }) },
    { weight: 3, arbitrary: kind("carry", { which: fc.nat({ max: 3 }) }) },
    {
      weight: 6,
      arbitrary: kind("reverse", { which: fc.nat({ max: 7 }), by: fc.record({ points: amount }) }),
    },
    { weight: 2, arbitrary: kind("return", { points: amount }) },
  ],
  fc.constant(0),
  fc.constantFrom(0, 0, 0, 0, 60_000, 300_000, -1, -HOUR),
);

const spendRule: fc.Arbitrary<ModelRules["spend"]> = fc.record(
  {
    per: fc.constantFrom(1n, 3n, 7n, 100n),
    points: fc.constantFrom(1n, 2n, 10n),
    minimum: fc.constantFrom(0n, 5n),
    maxPerOrder: fc.constantFrom(20n, 100n),
    maxPerDay: fc.constantFrom(10n, 50n, 200n),
    rounding: fc.constantFrom("down", "half_up", "half_even", "up"),
    pendingSeconds: fc.constantFrom(0, 0, 3_600, 90_000),
  },
  { requiredKeys: ["per", "points", "minimum", "rounding", "pendingSeconds"] },
);

export const modelRules: fc.Arbitrary<ModelRules> = fc.record(
  {
    clawback: fc.constantFrom("only_pending", "within_balance", "unlimited", "unlimited"),
    termDays: fc.constantFrom(0, 1, 2, 30),
    inactivityDays: fc.constantFrom(0, 1, 2, 30),
    graceDays: fc.constantFrom(0, 1, 2),
    holdSeconds: fc.constantFrom(60, 3_600, 100_000, 100_000),
    maxHoldSeconds: fc.constant(7 * 86_400),
    transferExpiry: fc.constantFrom("kept", "replaced"),
    maxBalance: fc.constantFrom(60n, 400n),
    adjustmentLimit: fc.constantFrom(0n, 50n),
    adjustmentSeconds: fc.constantFrom(60, 3_600, 100_000),
    singleHanded: fc.constantFrom(false, false, false, true),
    spend: spendRule,
  },
  {
    requiredKeys: [
      "clawback",
      "graceDays",
      "holdSeconds",
      "maxHoldSeconds",
      "transferExpiry",
      "adjustmentLimit",
      "singleHanded",
      "spend",
    ],
  },
);
