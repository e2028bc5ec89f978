import type { Api } from "@taem/testing/api";
import { audit } from "@taem/testing/auditor";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { defineProgramme, enrolMany, seeded, source, succeeds } from "@taem/testing/programme";
import { wholeLog } from "@taem/testing/test-store";
import { afterAll, beforeAll, expect, test } from "vitest";

// Failures: buy, refund, keep the points, repeat; partial refunds that take back more or less than was earned.

let fixture: Fixture;
let api: Api;

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.api;
});

afterAll(() => fixture.close());

const PTS = { currency: "PTS" };

async function member(programme: string, settings = {}): Promise<string> {
  const path = await defineProgramme(api, programme, settings);
  const [id] = await enrolMany(api, programme, "member", 1);
  return `${path}/members/${id}`;
}

async function account(path: string) {
  return audit(await wholeLog(fixture.testStore.store)).of(path.split("/").at(-1) as string);
}

function sale(id: string, amount = "250000") {
  return { ...PTS, spend: { amount, currency: "THB", rule: "base" }, source: source(id) };
}

test("buy, spend the points, refund, repeat: no more is ever spent than one sale gave", async () => {
  const path = await member("repeat");
  let spent = 0;
  for (let round = 0; round < 40; round++) {
    await succeeds(api.post(`${path}/earn`, sale(`sale ${round}`)));
    const burn = await api.post(`${path}/burn`, { ...PTS, points: "100" }, `burn ${round}`);
    if (burn.status === 201) spent += 100;
    else expect(burn.body.code).toBe("insufficient_points");
    const refund = { ...PTS, origin: source(`sale ${round}`), all: true };
    await succeeds(api.post(`${path}/reversals`, refund, `refund ${round}`));
    await succeeds(api.post(`${path}/reversals`, refund, `refund ${round}`));
    const again = await api.post(`${path}/reversals`, refund, `refund again ${round}`);
    expect(again.body.code).toBe("reversal_exceeds_origin");
  }
  expect(spent).toBe(100);
  expect(await account(path)).toMatchObject({ book: 0n, debt: 100n });
});

test("buy, refund at once, repeat: nothing is left", async () => {
  const path = await member("at-once");
  const rounds = Array.from({ length: 200 }, async (_, round) => {
    await succeeds(api.post(`${path}/earn`, sale(`sale ${round}`)));
    const refund = { ...PTS, origin: source(`sale ${round}`), all: true };
    await succeeds(api.post(`${path}/reversals`, refund, `refund ${round}`));
  });
  await Promise.all(rounds);
  const { book, debt } = await account(path);
  expect(book - debt).toBe(0n);
});

test("setting the points aside for the length of the refund, by a hold or a burn, keeps none of them", async () => {
  const path = await member("set-aside", { clawback: "within_balance" });
  for (let round = 0; round < 20; round++) {
    await succeeds(api.post(`${path}/earn`, sale(`sale ${round}`)));
    const aside = { ...PTS, points: "100", source: source(`aside ${round}`) };
    const isHold = round % 2 === 0;
    const { body } = await succeeds(api.post(isHold ? `${path}/holds` : `${path}/burn`, aside));
    const refund = { ...PTS, origin: source(`sale ${round}`), all: true };
    const refunded = await succeeds(api.post(`${path}/reversals`, refund, `refund ${round}`));
    expect(refunded.body.effect.clawback).toMatchObject({
      policy: "within_balance",
      debt: "0",
      waived: "100",
    });
    const back = { ...PTS, origin: aside.source, all: true };
    await succeeds(
      isHold
        ? api.post(`${path.split("/members")[0]}/holds/${body.effect.hold.id}/void`, {}, `void ${round}`)
        : api.post(`${path}/reversals`, back, `back ${round}`),
    );
    expect(await account(path)).toMatchObject({ book: 0n, debt: 0n });
  }
});

test("moving the points away before the refund leaves the one who bought in debt", async () => {
  const path = await member("moved-away");
  const [accomplice] = (await enrolMany(api, "moved-away", "accomplice", 1)) as [string];
  await succeeds(api.post(`${path}/earn`, sale("sale")));
  await succeeds(api.post(`${path}/transfers`, { ...PTS, points: "100", to: accomplice }, "t1"));
  await succeeds(api.post(`${path}/reversals`, { ...PTS, origin: source("sale"), all: true }, "r1"));
  expect(await account(path)).toMatchObject({ book: 0n, debt: 100n });
  expect(audit(await wholeLog(fixture.testStore.store)).of(accomplice).book).toBe(100n);
});

test("a burn is given back once, however its refund is split and repeated", async () => {
  const path = await member("given-back");
  await succeeds(api.post(`${path}/earn`, sale("sale")));
  await succeeds(api.post(`${path}/burn`, { ...PTS, points: "90", source: source("burn") }));
  const back = (points: string, key: string) =>
    api.post(`${path}/reversals`, { ...PTS, origin: source("burn"), points }, key);
  const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => back("7", `back ${i % 20}`)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(12);
  await succeeds(back("6", "rest"));
  expect((await back("1", "too much")).body.code).toBe("reversal_exceeds_origin");
  expect(await account(path)).toMatchObject({ book: 100n, debt: 0n });
});

interface Sale {
  readonly earned: bigint;
  readonly eligible: bigint;
  readonly parts: readonly bigint[];
}

/** A sale of a thousand lines, whose points do not divide evenly among them, in random order. */
function saleOfAThousandLines(random: (bound: number) => number): Sale {
  const parts = Array.from({ length: 1_000 }, () => BigInt(1 + random(9_999)));
  for (let i = parts.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [parts[i], parts[j]] = [parts[j] as bigint, parts[i] as bigint];
  }
  const eligible = parts.reduce((sum, part) => sum + part, 0n);
  return { earned: eligible / 2500n, eligible, parts };
}

test.each([
  ["untouched", 0n],
  ["half of it spent", 2n],
  ["all of it spent", 1n],
])(
  "a thousand partial returns in random order reverse exactly what was earned: %s",
  async (name, divisor) => {
    const path = await member(`thousand-${divisor}`);
    const { earned, eligible, parts } = saleOfAThousandLines(seeded(Number(divisor) + 11));
    const made = (await succeeds(api.post(`${path}/earn`, sale("sale", String(eligible))))).body;
    expect(made.effect.points).toBe(String(earned));
    const spent = divisor === 0n ? 0n : earned / divisor;
    if (spent > 0n) await succeeds(api.post(`${path}/burn`, { ...PTS, points: String(spent) }, "b1"));

    const answers = await api.bulk(
      `thousand-${divisor}`,
      parts.map((amount, i) => ({
        op: "reverse",
        member: made.member,
        ...PTS,
        origin: source("sale"),
        spend: { amount: String(amount) },
        source: source("sale", `return-${i}`),
      })),
    );
    let [refunded, reversed] = [0n, 0n];
    for (const [i, { status, result }] of answers.entries()) {
      expect(status, name).toBe(201);
      refunded += parts[i] as bigint;
      const due = (earned * refunded) / eligible - reversed;
      expect(result.effect.points).toBe(String(due));
      reversed += due;
    }
    expect(reversed).toBe(earned);
    const { book, debt, sums } = await account(path);
    expect([book, debt, sums.get("EarnReversed")]).toEqual([0n, spent, earned]);
  },
);
