import { openPostgresEventStore } from "@taem/event-store-postgres";
import { expect, test } from "vitest";
import type { Api } from "../support/api.ts";
import { audit } from "../support/auditor.ts";
import { createInstallation } from "../support/program.ts";
import { startProcess } from "../support/program-process.ts";
import { defineProgramme, enrolMany, START, source } from "../support/programme.ts";
import { expectAgreement, outstandingOf } from "../support/read-model.ts";
import { wholeLog } from "../support/test-store.ts";

// Failures: points that never expire and holds that never end because the scheduler died; a balance that is wrong until
// the scheduler has run; an expiry written twice because two of them, or a killed one, did the same work.

const PTS = { currency: "PTS" };
const MEMBERS = 1_500;
const MONTHLY = { expiry: { kind: "term", term: { count: 30, unit: "days" } } };
/** Of what is earned on START the last valid day is 9 April in Bangkok; holds of an hour are long over. */
const DEAD = "2026-04-09T17:00:00.000Z";
const SOON = { timeout: 60_000, interval: 20 };

/** Members with 100 points, of which 40 are held for an hour. */
async function populate(api: Api): Promise<string[]> {
  await defineProgramme(api, "shop", { ...MONTHLY, clock: { mode: "replay", at: START } });
  const members = await enrolMany(api, "shop", "member", MEMBERS);
  const lines = members.flatMap((member) => [
    { op: "earn", member, ...PTS, points: "100", source: source("earn") },
    { op: "hold", member, ...PTS, points: "40", timeoutSeconds: 3_600, source: source("hold") },
  ]);
  for (const { status } of await api.bulk("shop", lines)) expect(status).toBe(201);
  return members;
}

test("a scheduler killed in the middle of its sweep is no matter: balances are right, and the next ends it once", async () => {
  await using installation = await createInstallation();
  await using store = await openPostgresEventStore({ url: installation.url, max: 2 });
  await using program = await installation.start({ services: "commands,ledger" });
  const { api } = program;
  const members = await populate(api);
  const swept = async () => {
    const books = audit(await wholeLog(store));
    return members.filter((member) => books.of(member).sums.get("PointsExpired") !== undefined).length;
  };

  const killed = await startProcess(installation.url, "scheduler");
  expect((await api.put("/v1/programmes/shop/clock", { mode: "replay", at: DEAD })).status).toBe(200);
  await expect.poll(swept, SOON).toBeGreaterThan(0);
  await killed.kill();
  const left = members.length - (await swept());
  for (const member of [...members.slice(0, 20), ...members.slice(-20)]) {
    const path = `/v1/programmes/shop/members/${member}`;
    for (const view of ["", "&consistency=strong"]) {
      const { body } = await api.get(`${path}/balance?currency=PTS${view}`);
      expect(body.balance).toMatchObject({ available: "0", held: "0" });
    }
    expect((await api.post(`${path}/burn`, { ...PTS, points: "1" }, "late")).body.code).toBe(
      "insufficient_points",
    );
  }

  // Two of them now, which do the same work.
  await using _one = await startProcess(installation.url, "scheduler");
  await using _two = await startProcess(installation.url, "scheduler");
  await expect.poll(swept, SOON).toBe(members.length);
  const books = audit(await wholeLog(store));
  for (const member of members) {
    const { book, sums } = books.of(member);
    expect([book, sums.get("PointsExpired")]).toEqual([0n, 100n]);
  }
  const timeouts = (await wholeLog(store)).filter(({ type }) => type === "HoldTimedOut");
  expect(timeouts).toHaveLength(members.length);
  expect(await outstandingOf(api, "shop")).toBe(0n);
  await expectAgreement(installation.url);
  expect(left).toBeGreaterThan(0);
  expect(program.errors).toEqual([]);
});
