import { openPostgresEventStore } from "@taem/event-store-postgres";
import type { Database } from "@taem/postgres";
import type { Api } from "@taem/testing/api";
import { audit } from "@taem/testing/auditor";
import { createInstallation } from "@taem/testing/program";
import { startProcess } from "@taem/testing/program-process";
import { defineProgramme, enrolMany, START, source } from "@taem/testing/programme";
import { expectAgreement, outstandingOf } from "@taem/testing/read-model";
import { wholeLog } from "@taem/testing/test-store";
import { expect, test } from "vitest";

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

/** Nothing is left of the member's points, neither by the read model nor by the events. */
async function expectDead(api: Api, member: string): Promise<void> {
  for (const view of ["", "&consistency=strong"]) {
    const { body } = await api.get(`${member}/balance?currency=PTS${view}`);
    expect(body.balance).toMatchObject({ available: "0", held: "0" });
  }
}

/** Has the append of a member's first expiry or timeout wait, half way, for whoever holds this lock. */
const HALT = 4_242;
const halting = (member: string) => `
  CREATE FUNCTION halt() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(${HALT});
    RETURN NEW;
  END $$;
  CREATE TRIGGER halt BEFORE INSERT ON taem_store.events FOR EACH ROW
    WHEN (NEW.type = 'HoldTimedOut' AND NEW.data LIKE '%${member}%') EXECUTE FUNCTION halt()`;

/** Halts that append while something runs, which may wait until it is; the append goes on after it. */
async function halt(database: Database, act: (halted: () => Promise<void>) => Promise<void>): Promise<void> {
  await database.transaction(async (holder) => {
    await holder.query(`SELECT pg_advisory_xact_lock(${HALT})`);
    const waiting = async () => {
      const sql = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = ${HALT} AND NOT granted`;
      return (await database.query(sql)).rowCount;
    };
    await act(() => expect.poll(waiting, SOON).toBe(1));
  });
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

  await program.platform.database.query(halting(members.at(-1) as string));
  expect((await api.put("/v1/programmes/shop/clock", { mode: "replay", at: DEAD })).status).toBe(200);
  const looked = [...members.slice(0, 20), ...members.slice(-20)].map(
    (member) => `/v1/programmes/shop/members/${member}`,
  );
  await halt(program.platform.database, async (halted) => {
    const killed = await startProcess({ DATABASE_URL: installation.url, TAEM_SERVICES: "scheduler" });
    await halted();
    await killed.kill();
    // Some are swept and some are not: it makes no difference to anybody.
    expect(await swept()).toBeGreaterThan(0);
    expect(await swept()).toBeLessThan(members.length);
    for (const path of looked) await expectDead(api, path);
  });
  for (const path of looked) {
    const late = await api.post(`${path}/burn`, { ...PTS, points: "1" }, "late");
    expect(late.body.code).toBe("insufficient_points");
  }

  // Two of them now, which do the same work.
  await using _one = await startProcess({ DATABASE_URL: installation.url, TAEM_SERVICES: "scheduler" });
  await using _two = await startProcess({ DATABASE_URL: installation.url, TAEM_SERVICES: "scheduler" });
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
  expect(program.errors).toEqual([]);
});
