import { openPool } from "@taem/postgres";
import { startTestProgram } from "@taem/testing/program";
import { defineProgramme, enrolMany, source, succeeds } from "@taem/testing/programme";
import { openSite } from "@taem/testing/site";
import { expect, test } from "vitest";

// Failure: the owner of the database gives one member the events of another, and the other's points are spent.

const MEMBERS = "/v1/programmes/shop/members";

test("a member who is given another's events spends none of the other's points", async () => {
  await using site = await openSite("PostgreSQL");
  const { environment, databaseUrl } = site;
  const streams: string[] = [];
  {
    await using program = await startTestProgram(databaseUrl, { environment });
    const { api } = program;
    await defineProgramme(api, "shop");
    const members = await enrolMany(api, "shop", "m", 3);
    for (const [i, points] of ["10", "1000", "1"].entries()) {
      const earn = { currency: "PTS", points, source: source(`receipt ${i}`) };
      await succeeds(api.post(`${MEMBERS}/ext:m-${i}/earn`, earn));
    }
    streams.push(...members.map((member) => `taem.account-${member}-1`));
  }
  const [poor = "", rich = ""] = streams;
  await using owner = openPool({ url: databaseUrl, max: 1, applicationName: "test" });
  await owner.query(`
    ALTER TABLE taem_store.streams DISABLE TRIGGER append_only;
    UPDATE taem_store.streams SET name = 'taem.away' WHERE name = '${poor}';
    UPDATE taem_store.streams SET name = '${poor}' WHERE name = '${rich}';
    UPDATE taem_store.streams SET name = '${rich}' WHERE name = 'taem.away'`);
  await using program = await startTestProgram(databaseUrl, { environment });
  const burn = { currency: "PTS", points: "900", redemption: "gift", source: source("spent") };
  const refused = await program.api.post(`${MEMBERS}/ext:m-0/burn`, burn);
  expect([refused.status, refused.body.code]).toEqual([500, "stream_damaged"]);
  expect(program.complaints.join()).toContain(`${poor} has an event 1, PointsEarned, of another stream`);
  const strong = await program.api.get(`${MEMBERS}/ext:m-0/balance?currency=PTS&consistency=strong`);
  expect([strong.status, strong.body.code]).toEqual([500, "stream_damaged"]);
  await succeeds(
    program.api.post(`${MEMBERS}/ext:m-2/burn`, { ...burn, points: "1", source: source("other") }),
  );
});
