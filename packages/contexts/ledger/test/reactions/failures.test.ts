import { StoreUnavailable } from "@taem/event-store";
import { heldMessages, replayMessage } from "@taem/processing";
import { OperatorError } from "@taem/runtime";
import { defineProgramme, enrolMany } from "@taem/testing/programme";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sweeps } from "../../src/reactions/sweeps.ts";
import { DEAD, Installation, LATER_MS, MONTHLY, SOON, TestKeeper } from "./support/installation.ts";

// What fails for a while is tried again, what fails for good is parked; it keeps nobody else waiting.

const PTS = { currency: "PTS" };
/** More than a scheduler takes up at a time. */
const MANY = 1_001;

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.open();
});

afterAll(async () => {
  await installation[Symbol.asyncDispose]();
});

async function membersWithPoints(programme: string, count: number, settings: object = {}): Promise<string[]> {
  const shop = await defineProgramme(installation.api, programme, { ...MONTHLY, ...settings });
  const members = await enrolMany(installation.api, programme, "member", count);
  for (const member of members) await installation.earn(`${shop}/members/${member}`);
  return members;
}

const expired = ["PointsEarned", "PointsExpired"];

test("an account that fails is tried again, and stops nobody", async () => {
  const [failing, ...others] = (await membersWithPoints("one-fails", 5)) as [string, ...string[]];
  await installation.setClock("one-fails", DEAD);
  const keeper = new TestKeeper(installation.service);
  let failures = 0;
  let isWell = false;
  keeper.before = ({ member }) => {
    if (member !== failing || isWell) return;
    failures++;
    throw new StoreUnavailable(undefined);
  };
  await using _ = await installation.schedule(keeper);
  for (const member of others) {
    await expect.poll(() => installation.typesOf(member), SOON).toEqual(expired);
  }
  await expect.poll(() => failures, SOON).toBeGreaterThan(1);
  expect(await installation.typesOf(failing)).toEqual(["PointsEarned"]);
  isWell = true;
  await expect.poll(() => installation.typesOf(failing), SOON).toEqual(expired);
});

test("an account that fails and is due a thousand times over stops nobody", async () => {
  const shop = await defineProgramme(installation.api, "often-due", {
    ...MONTHLY,
    expiry: { kind: "never" },
  });
  const [failing, other] = (await enrolMany(installation.api, "often-due", "member", 2)) as [string, string];
  for (const member of [failing, other]) await installation.earn(`${shop}/members/${member}`, String(MANY));
  const hold = (member: string, seconds: number) => ({
    ...{ op: "hold", member, ...PTS, points: "1", timeoutSeconds: seconds },
    source: { system: "pos", id: `hold ${seconds}`, leg: "main" },
  });
  const holds = Array.from({ length: MANY }, (_, i) => hold(failing, i + 1));
  const answers = await installation.api.bulk("often-due", [...holds, hold(other, MANY + 1)]);
  expect(answers.every(({ status }) => status === 201)).toBe(true);
  await installation.setClock("often-due", DEAD);
  const keeper = new TestKeeper(installation.service);
  keeper.before = ({ member }) => {
    if (member === failing) throw new Error("out of order");
  };
  await using _ = await installation.schedule(keeper);
  const types = ["PointsEarned", "HoldPlaced", "HoldTimedOut"];
  await expect.poll(() => installation.typesOf(other), SOON).toEqual(types);
});

test("a programme whose time is not known stops no other", async () => {
  const programmes = ["first", "second", "third"];
  const members = new Map<string, string>();
  for (const programme of programmes) {
    const [member] = (await membersWithPoints(programme, 1)) as [string];
    members.set(await installation.idOf(programme), member);
    await installation.setClock(programme, DEAD);
  }
  const [failing, ...sound] = [...members.keys()].toSorted() as [string, ...string[]];
  const keeper = new TestKeeper(installation.service);
  keeper.beforeNow = (programme) => {
    if (programme === failing) throw new Error("out of order");
  };
  await using _ = await installation.schedule(keeper);
  for (const programme of sound) {
    const member = members.get(programme) as string;
    await expect.poll(() => installation.typesOf(member), SOON).toEqual(expired);
  }
  expect(await installation.typesOf(members.get(failing) as string)).toEqual(["PointsEarned"]);
});

/** A clock that goes on a minute whenever somebody looks: nobody waits to try again. */
function racing(): () => number {
  let ahead = 0;
  return () => {
    ahead += 60_000;
    return ahead;
  };
}

test("what is due while clocks differ waits for as long as they do, and is not given up", async () => {
  const [member] = (await membersWithPoints("clocks", 1)) as [string];
  await installation.setClock("clocks", DEAD);
  const id = await installation.idOf("clocks");
  const keeper = new TestKeeper(installation.service);
  // Its timer has been sent when the clocks begin to differ.
  let [attempts, doDiffer] = [0, true];
  keeper.beforeNow = (programme) => {
    if (programme !== id || !doDiffer) return;
    if (attempts++ > 0) throw new OperatorError("clocks_differ", "an hour apart");
  };
  await using _ = await installation.schedule(keeper, racing());
  // A failure that comes five times counts as one that stays.
  await expect.poll(() => attempts, SOON).toBeGreaterThan(7);
  const held = await Array.fromAsync(heldMessages(installation.database, "outbox", sweeps.name));
  expect(held.filter(({ state }) => state !== "waiting")).toEqual([]);
  doDiffer = false;
  await expect.poll(() => installation.typesOf(member), SOON).toEqual(expired);
});

test("what fails for good is parked with its account, and done when an operator has it tried again", async () => {
  const [failing] = (await membersWithPoints("broken", 1)) as [string];
  await installation.setClock("broken", DEAD);
  const keeper = new TestKeeper(installation.service);
  let [_attempts, isBroken] = [0, true];
  keeper.before = ({ member }) => {
    if (member !== failing || !isBroken) return;
    _attempts++;
    throw new Error("a bug");
  };
  await using _ = await installation.schedule(keeper, racing());
  const held = () => Array.fromAsync(heldMessages(installation.database, "outbox", sweeps.name));
  await expect.poll(held, SOON).toMatchObject([{ state: "parked", attempts: 5, error: "Error: a bug" }]);
  isBroken = false;
  await replayMessage(installation.database, "outbox", sweeps.name, String((await held())[0]?.key));
  await expect.poll(() => installation.typesOf(failing), SOON).toEqual(expired);
  expect(await held()).toEqual([]);
});

test("a transfer that cannot be ended stops neither the others nor the sweeps", async () => {
  const givers = await membersWithPoints("transfers", 3);
  const takers = await enrolMany(installation.api, "transfers", "taker", 3);
  for (const [i, giver] of givers.entries()) {
    await installation.beginTransfer("transfers", giver, takers[i] as string);
  }
  await installation.setClock("transfers", DEAD);
  const keeper = new TestKeeper(installation.service);
  keeper.before = (task) => {
    if ("transfer" in task && task.member === givers[0]) throw new Error("out of order");
  };
  await using _ = await installation.schedule(keeper, LATER_MS);
  for (const taker of takers.slice(1)) {
    await expect.poll(() => installation.typesOf(taker), SOON).toContain("TransferIn");
  }
  for (const giver of givers) {
    const types = [...["PointsEarned", "TransferOut"], "PointsExpired"];
    await expect.poll(() => installation.typesOf(giver), SOON).toEqual(types);
  }
  expect(await installation.typesOf(takers[0] as string)).toEqual([]);
});
