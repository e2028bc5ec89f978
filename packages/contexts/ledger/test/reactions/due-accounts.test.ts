import { defineProgramme, enrolMany, START, source, succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, type ExpectStatic, expect, test } from "vitest";
import { DEAD, Installation, MONTHLY, SOON, TestKeeper } from "./support/installation.ts";

// What time alone does to an account becomes an event soon after its instant on the programme's clock, and not before.

const PTS = { currency: "PTS" };
const ALIVE = "2026-04-09T16:59:59.999Z";

let installation: Installation;
let keeper: TestKeeper;
let scheduler: AsyncDisposable;

beforeAll(async () => {
  installation = await Installation.open();
  keeper = new TestKeeper(installation.service);
  scheduler = await installation.schedule(keeper);
});

afterAll(async () => {
  await scheduler[Symbol.asyncDispose]();
  await installation[Symbol.asyncDispose]();
});

interface Case {
  readonly settings?: object;
  readonly rule?: object;
  /** Large adjustments wait. */
  readonly twoHanded?: boolean;
  readonly commands: readonly (readonly [path: string, body: object])[];
  /** When it is not due yet, and when it is. */
  readonly instants: readonly [string, string];
  /** What the account's events are when it has been swept. */
  readonly types: readonly string[];
}

const earn: Case["commands"][number] = ["earn", { ...PTS, points: "100", source: source("sale") }];
const never = { expiry: { kind: "never" } };

const CASES: Readonly<Record<string, Case>> = {
  "an expiry": { commands: [earn], instants: [ALIVE, DEAD], types: ["PointsEarned", "PointsExpired"] },
  "the expiry of what an adjustment gave": {
    settings: { adjustmentLimit: "1000" },
    commands: [["adjustments", { ...PTS, direction: "credit", points: "5", reason: "fix" }]],
    instants: [ALIVE, DEAD],
    types: ["AdjustmentCredited", "PointsExpired"],
  },
  "the deadline of an account that nobody uses": {
    settings: { ...never, inactivity: { count: 30, unit: "days" } },
    commands: [earn, ["burn", { ...PTS, points: "30" }]],
    instants: [ALIVE, DEAD],
    types: ["PointsEarned", "PointsBurned", "PointsExpired"],
  },
  "the timeout of a hold": {
    settings: never,
    commands: [earn, ["holds", { ...PTS, points: "100", timeoutSeconds: 60 }]],
    instants: ["2026-03-10T03:00:59.999Z", "2026-03-10T03:01:00Z"],
    types: ["PointsEarned", "HoldPlaced", "HoldTimedOut"],
  },
  "a debt repaid by points that become available": {
    settings: { ...never, clawback: "unlimited" },
    rule: { pendingSeconds: 60 },
    commands: [
      earn,
      ["burn", { ...PTS, points: "100" }],
      ["reversals", { ...PTS, origin: source("sale"), all: true }],
      ["earn", { ...PTS, spend: { amount: "2500", currency: "THB", rule: "base" } }],
    ],
    instants: ["2026-03-10T03:00:59.999Z", "2026-03-10T03:01:00Z"],
    types: ["PointsEarned", "PointsBurned", "EarnReversed", "PointsEarned", "DebtRepaid"],
  },
  "the lapse of what nobody decides on": {
    settings: { ...never, adjustmentTimeoutSeconds: 60 },
    twoHanded: true,
    commands: [["adjustments", { ...PTS, direction: "credit", points: "5", reason: "fix" }]],
    instants: ["2026-03-10T03:00:59.999Z", "2026-03-10T03:01:00Z"],
    types: ["AdjustmentRequested", "AdjustmentLapsed"],
  },
};

test.concurrent.for(Object.entries(CASES))(
  "%s becomes an event when it is due, and not before",
  ([name, given], { expect }) => happens(expect, name, given),
);

async function happens(expect: ExpectStatic, name: string, given: Case): Promise<void> {
  const { settings, rule, commands, instants, types, twoHanded = false } = given;
  const programme = name.replaceAll(" ", "-").slice(-30);
  const shop = await defineProgramme(installation.api, programme, {
    singleHanded: !twoHanded,
    ...MONTHLY,
    ...settings,
  });
  if (rule !== undefined) {
    const base = { ...PTS, money: "THB", per: "2500", points: "1", validFrom: START, ...rule };
    await succeeds(installation.api.put(`${shop}/rules/base`, base));
  }
  const [member] = (await enrolMany(installation.api, programme, "member", 1)) as [string];
  for (const [i, [path, body]] of commands.entries()) {
    const key = "source" in body ? undefined : `c${i}`;
    await succeeds(installation.api.post(`${shop}/members/${member}/${path}`, body, key));
  }
  await installation.setClock(programme, instants[0]);
  const before = await installation.typesOf(member);
  await keeper.passes(await installation.idOf(programme), 2);
  expect(await installation.typesOf(member)).toEqual(before);
  await installation.setClock(programme, instants[1]);
  await expect.poll(() => installation.typesOf(member), SOON).toEqual(types);
  expect((await installation.findings()).of(member).debt).toBe(name.includes("debt") ? 99n : 0n);
}

test("what two events name is due once, whichever batches they came in", async () => {
  const shop = await defineProgramme(installation.api, "twice", MONTHLY);
  const [member] = (await enrolMany(installation.api, "twice", "member", 1)) as [string];
  const path = `${shop}/members/${member}`;
  const due = async () => {
    const text = "SELECT FROM taem_sweeps.timers WHERE position($1 in key) > 0";
    return (await installation.database.query(text, [member])).rowCount;
  };
  for (const id of ["first", "second"]) {
    await succeeds(installation.api.post(`${path}/earn`, { ...PTS, points: "5", source: source(id) }));
    await expect.poll(due, SOON).toBe(1);
  }
  await succeeds(
    installation.api.post(`${path}/holds`, { ...PTS, points: "10", timeoutSeconds: 60 }, "hold"),
  );
  // The hold's timeout comes last, so all before it have been noted.
  await expect.poll(due, SOON).toBeGreaterThan(1);
  expect(await due()).toBe(2);
});

test("each programme is swept on its own clock", async () => {
  const [early, late] = (await Promise.all(
    ["early", "late"].map(async (programme) => {
      const shop = await defineProgramme(installation.api, programme, MONTHLY);
      const [member] = (await enrolMany(installation.api, programme, "member", 1)) as [string];
      await installation.earn(`${shop}/members/${member}`);
      return member;
    }),
  )) as [string, string];
  await installation.setClock("early", DEAD);
  await expect.poll(() => installation.typesOf(early), SOON).toEqual(["PointsEarned", "PointsExpired"]);
  expect(keeper.swept.map(({ member }) => member)).not.toContain(late);
  expect(await installation.typesOf(late)).toEqual(["PointsEarned"]);
  await installation.setClock("late", DEAD);
  await expect.poll(() => installation.typesOf(late), SOON).toEqual(["PointsEarned", "PointsExpired"]);
});

test("an account that was swept is not swept again, and neither is one whose points are gone", async () => {
  const shop = await defineProgramme(installation.api, "spent", MONTHLY);
  const [member] = (await enrolMany(installation.api, "spent", "member", 1)) as [string];
  await installation.earn(`${shop}/members/${member}`);
  await succeeds(installation.api.post(`${shop}/members/${member}/burn`, { ...PTS, points: "100" }, "b"));
  // Something that is due much later, so that the programme is asked for its time in every round.
  const [other] = (await enrolMany(installation.api, "spent", "other", 1)) as [string];
  await installation.setClock("spent", DEAD);
  await installation.earn(`${shop}/members/${other}`);
  const swept = () => keeper.swept.filter((task) => [member, other].includes(task.member));
  await expect.poll(swept, SOON).toHaveLength(1);
  await keeper.passes(await installation.idOf("spent"), 3);
  expect(swept().map((task) => task.member)).toEqual([member]);
  expect(await installation.typesOf(member)).toEqual(["PointsEarned", "PointsBurned"]);
});
