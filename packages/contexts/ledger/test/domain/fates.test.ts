import { DAY, NOON } from "@taem/programme/testing";
import { describe, expect, test } from "vitest";
import { keyNamed, only, TestAccount } from "./support/account.ts";

/**
 * Every combination of what can have become of a sale's 100 points before it comes back. Each takes a share of its
 * own, so that a wrong sum shows which one went astray.
 */

const sale = keyNamed("sale");

const fates = {
  repaid: { points: 1n },
  burned: { points: 2n, happen: (account: TestAccount) => account.burn(2n) },
  moved: {
    points: 4n,
    happen: (account: TestAccount) => account.run({ type: "transfer", points: 4n, to: "m-2", transfer: "t" }),
  },
  held: { points: 8n, happen: (account: TestAccount) => account.hold(8n, 604_800) },
  debited: {
    points: 16n,
    happen: (account: TestAccount) =>
      account.run({ type: "adjust", direction: "debit", points: 16n, reason: "mistake" }),
  },
  captured: {
    points: 32n,
    happen: (account: TestAccount) => {
      account.run({ type: "hold", points: 32n, redemption: "reward", key: keyNamed("to capture") });
      const hold = account.state.nextHold - 1;
      account.run({ type: "capture", hold });
    },
  },
} as const;

type Fate = keyof typeof fates;
const names = Object.keys(fates) as Fate[];
const combinations = Array.from({ length: 2 ** names.length }, (_, bits) =>
  names.filter((_, i) => (bits >> i) % 2 === 1),
);

function lived(happened: readonly Fate[], expires: boolean, clawback: "within_balance" | "unlimited") {
  const account = new TestAccount({ settings: { clawback } });
  if (happened.includes("repaid")) indebted(account);
  account.earn(100n, { key: sale, expiresAt: NOON + DAY });
  for (const fate of happened) if (fate !== "repaid") fates[fate].happen(account);
  if (expires) account.now += 2 * DAY;
  return account;
}

/** One point of debt, from an earlier sale that was spent and returned. */
function indebted(account: TestAccount): void {
  account.earn(1n, { key: keyNamed("earlier") });
  account.burn(1n);
  account.returnOf("earlier");
}

const sum = (happened: readonly Fate[], among: readonly Fate[]) =>
  happened.filter((fate) => among.includes(fate)).reduce((total, fate) => total + fates[fate].points, 0n);

describe.each([false, true])("a sale comes back, its lot expired: %s", (expires) => {
  test.each(combinations)("after %s %s %s %s %s %s", (...happened) => {
    const account = lived(happened, expires, "unlimited");
    const gone = sum(happened, ["burned", "moved", "held", "debited", "captured"]);
    const restored = sum(happened, ["repaid"]);
    const rest = 100n - gone - restored;
    const [origin] = only(account.returnOf("sale"), "EarnReversed").origins;
    expect(origin).toEqual({
      lot: origin?.lot,
      amount: 100n,
      own: expires ? 0n : rest,
      restored,
      spent: gone,
      waived: 0n,
      expired: expires ? rest : 0n,
    });
    const held = sum(happened, ["held"]);
    expect(account.balance()).toMatchObject({ book: held, held, debt: gone + restored });
  });
});

test("two partial returns of any combination take what one whole return takes", () => {
  for (const happened of combinations) {
    for (const expires of [false, true]) {
      for (const points of [1n, 37n, 63n, 99n]) {
        const whole = lived(happened, expires, "unlimited");
        whole.returnOf("sale");
        const parts = lived(happened, expires, "unlimited");
        parts.returnOf("sale", { points });
        parts.returnOf("sale");
        expect(parts.balance(), `${happened} ${expires} ${points}`).toEqual(whole.balance());
      }
    }
  }
});

test("a hold that is given back after the return settles the debt that the return made for it", () => {
  const account = lived(["held", "burned"], false, "unlimited");
  account.returnOf("sale");
  expect(account.balance()).toMatchObject({ held: 8n, debt: 10n });
  account.run({ type: "void", hold: 1 });
  expect(account.balance()).toMatchObject({ book: 0n, debt: 2n });
});
