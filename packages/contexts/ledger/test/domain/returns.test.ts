import fc from "fast-check";
import { expect, test } from "vitest";
import { keyNamed, only, TestAccount } from "./support/account.ts";

/** Cuts a sale into exactly `parts` refunds, each above zero, in no order. */
function refundsOf(spend: number, parts: number, seed: readonly number[]): bigint[] {
  const cuts = new Set<number>();
  for (let i = 0; cuts.size < parts - 1; i++) {
    const wild = (seed[i % seed.length] as number) + i * 7_919;
    cuts.add(1 + (wild % (spend - 1)));
  }
  const ends = [...cuts, spend].sort((a, b) => a - b);
  return ends
    .map((end, i) => BigInt(end - (ends[i - 1] ?? 0)))
    .sort((a, b) => ((a * 31n) % 17n > (b * 31n) % 17n ? 1 : -1));
}

test("a thousand partial returns in random order take exactly what the sale earned", () => {
  const rule = fc.record({
    per: fc.constantFrom(3n, 7n, 100n, 2_500n),
    points: fc.constantFrom(1n, 2n, 999n),
    rounding: fc.constantFrom("down" as const, "up" as const, "half_even" as const),
  });
  const seeds = fc.array(fc.nat(), { minLength: 5, maxLength: 20 });
  fc.assert(
    fc.property(
      rule,
      fc.integer({ min: 10_000, max: 10_000_000 }),
      seeds,
      fc.boolean(),
      (spend, sale, seed, burns) => {
        const account = new TestAccount({ rules: { spend } });
        account.spend(BigInt(sale), { key: keyNamed("sale") });
        const earned = account.balance().available;
        if (burns && earned > 1n) account.burn(earned / 2n);
        let taken = 0n;
        let refunded = 0n;
        for (const refund of refundsOf(sale, 1_000, seed)) {
          refunded += refund;
          taken += only(account.returnOf("sale", { spend: refund }), "EarnReversed").amount;
          expect(taken).toBe((earned * refunded) / BigInt(sale));
        }
        expect(taken).toBe(earned);
        expect(account.balance()).toMatchObject({ book: 0n, debt: burns && earned > 1n ? earned / 2n : 0n });
      },
    ),
    { numRuns: 20, interruptAfterTimeLimit: 2_500 },
  );
});

test("returns by points, by money, by all and without a sale never take more than was earned", () => {
  const by = fc.oneof(
    fc.bigInt({ min: 1n, max: 60n }).map((points) => ({ points })),
    fc.bigInt({ min: 1n, max: 600n }).map((spend) => ({ spend })),
    fc.constant({ all: true as const }),
  );
  const steps = fc.array(fc.record({ by, named: fc.boolean() }), { maxLength: 20 });
  fc.assert(
    fc.property(
      fc.constantFrom("only_pending", "within_balance", "unlimited"),
      steps,
      (clawback, returns) => {
        const account = new TestAccount({
          settings: { clawback: clawback as "unlimited" },
          rules: { spend: { per: 7n } },
        });
        account.spend(700n, { key: keyNamed("sale") });
        account.burn(30n);
        for (const { by, named } of returns) {
          const origin = named ? { origin: keyNamed("sale") } : {};
          const request = {
            type: "reverse",
            by: "spend" in by ? { ...by, rule: "spend" } : by,
            reason: "r",
            ...origin,
          } as const;
          const decision = account.decide(request);
          if ("accepted" in decision) account.append(decision.accepted);
        }
        const reversals = account.log.filter((event) => event.type === "EarnReversed");
        const taken = reversals.reduce((sum, event) => sum + event.amount, 0n);
        expect(taken).toBeLessThanOrEqual(100n);
        for (const event of reversals) {
          const own = event.takes.reduce((sum, take) => sum + take.amount, 0n);
          const waived = event.origins.reduce((sum, origin) => sum + origin.waived, 0n);
          const forgiven = event.origins.reduce((sum, origin) => sum + origin.expired, 0n);
          expect(own + event.debt + waived + forgiven).toBe(event.amount);
        }
      },
    ),
    { numRuns: 400, interruptAfterTimeLimit: 1_500 },
  );
});
