import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Importing, mappingOf, openImporting, rejectsOf, reportOf } from "./support/importing.ts";

let importing: Importing;

beforeAll(async () => {
  importing = await openImporting();
});

afterAll(() => importing[Symbol.asyncDispose]());

const expiry = {
  column: "until",
  format: "d/M/yyyy",
  zone: "Asia/Bangkok",
  means: "last_day",
  empty: "never",
};
const opening = (change: object = {}) =>
  mappingOf({
    kind: { by: "constant", kind: "opening_balance" },
    amount: { column: "points", decimals: 0 },
    spend: undefined,
    time: { at: "2026-01-01T00:00:00+07:00" },
    expiry: { ...expiry, ...change },
  });

async function run(rows: readonly string[], change: object = {}) {
  const programme = importing.fresh();
  const file = await importing.write(`${programme}.csv`, ["member,points,until", ...rows, ""].join("\n"));
  const mapping = await importing.write("opening.json", JSON.stringify(opening(change)));
  await importing.run({ file, mapping, programme });
  const earned = (await importing.events(programme)).filter((event) => event.type === "PointsEarned");
  return { file, report: await reportOf(file), ends: earned.map(({ lot }) => lot.expiresAt) };
}

describe("an opening balance", () => {
  it("with a year of the Buddhist era is rejected where the mapping does not declare it", async () => {
    const { file, report, ends } = await run(["M1,500,31/12/2569", "M2,700,30/06/2570", "M3,100,31/12/2026"]);
    expect(report).toMatchObject({ rejected: { expiry_too_far: 2 }, taken: { opening_balance: 1 } });
    expect(await rejectsOf(file)).toContain("Buddhist era");
    expect(ends).toEqual([Date.UTC(2026, 11, 31, 17)]);
  });

  it("with such a year is taken where it does, and one of the common era is rejected", async () => {
    const { report, ends } = await run(["M1,500,31/12/2569", "M2,700,29/02/2567", "M3,100,31/12/2026"], {
      era: "buddhist",
    });
    expect(report).toMatchObject({ rejected: { malformed_expiry: 1 }, taken: { opening_balance: 2 } });
    expect(ends).toEqual([Date.UTC(2026, 11, 31, 17), Date.UTC(2024, 1, 29, 17)]);
  });

  it("lives a hundred years at most, unless it lives for ever", async () => {
    const { report } = await run([
      "M1,1,31/12/2125",
      "M2,1,31/12/2025",
      "M3,1,1/1/2126",
      "M4,1,31/12/9999",
      "M5,1,",
    ]);
    expect(report).toMatchObject({ rejected: { expiry_too_far: 1 }, taken: { opening_balance: 4 } });
  });

  it("lives for ever by what the mapping says means never", async () => {
    const { report, ends } = await run(["M1,1,31/12/2999", "M2,1,-"], { never: ["31/12/2999", "-"] });
    expect(report).toMatchObject({ rejected: {}, taken: { opening_balance: 2 } });
    expect(ends).toEqual([undefined, undefined]);
  });

  it("that has expired when it comes is taken and counted apart", async () => {
    const { report } = await run(["M1,500,31/12/2025", "M2,300,31/12/2026"]);
    expect(report).toMatchObject({
      taken: { opening_balance: 2 },
      credited: "800",
      expiredOnArrival: 1,
      pointsExpired: "500",
    });
  });
});
