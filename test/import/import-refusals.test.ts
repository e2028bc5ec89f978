import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Importing,
  mappingOf,
  openImporting,
  outstanding,
  rejectsOf,
  reportOf,
} from "./support/importing.ts";

let importing: Importing;
let file: string;

beforeAll(async () => {
  importing = await openImporting();
  file = await importing.write("orders.csv", "member,time,amount\nm1,2026-01-05 10:00,10.00\n");
});

afterAll(() => importing[Symbol.asyncDispose]());

async function mapping(change: object): Promise<string> {
  return importing.write("other.json", JSON.stringify(mappingOf(change)));
}

describe("a mistake in how it is called ends the import before anything is sent", () => {
  it.each([
    ["a file that is not there", { file: "none.csv" }, /none\.csv cannot be read/],
    ["a mapping that is not there", { mapping: "none.json" }, /none\.json cannot be read/],
    ["an address that is none", { url: "localhost" }, /localhost is no URL/],
    ["no key", { key: undefined }, /--key/],
    ["no programme anywhere", { programme: undefined }, /--programme/],
    ["a folder for its state that cannot be made", { state: "/dev/null" }, /--state/],
  ])("%s: exit code 2", async (_, options, message) => {
    const outcome = await importing.run({ file, ...options });
    expect(outcome).toMatchObject({ exitCode: 2, err: expect.stringMatching(message), out: "" });
  });

  it("a column that is not in the file: exit code 2", async () => {
    const outcome = await importing.run({ file, mapping: await mapping({ member: "customer" }) });
    expect(outcome).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('"member", "time", "amount"'),
    });
  });

  it("an empty file: exit code 2", async () => {
    const empty = await importing.write("empty.csv", "");
    expect(await importing.run({ file: empty })).toMatchObject({ exitCode: 2 });
  });
});

describe("what the API refuses as a whole ends the import", () => {
  it.each([
    ["a key that it does not know", { key: "wrong" }, "unauthenticated"],
    ["a programme that it does not know and nobody defines", { programme: "unknown" }, "programme_unknown"],
  ])("%s: exit code 4", async (_, options, code) => {
    const outcome = await importing.run({ file, mapping: await mapping({ define: undefined }), ...options });
    expect(outcome).toMatchObject({ exitCode: 4, err: expect.stringContaining(code) });
  });

  it.each([
    ["a rule that the programme has not", { spend: { currency: "THB", rule: "other" } }, "rule_unknown"],
    ["points that the programme has not", { points: "MILE" }, "currency_unknown"],
    ["points of another scale", { spend: undefined }, "2"],
    ["money that the rule is not for", { spend: { currency: "USD", rule: "base-earn" } }, "wrong_currency"],
  ])("%s: exit code 4", async (_, change, message) => {
    await importing.run({ file });
    const outcome = await importing.run({ file, mapping: await mapping({ ...change, system: "refused" }) });
    expect(outcome).toMatchObject({ exitCode: 4, err: expect.stringContaining(message) });
  });

  it("a key that may not do it: exit code 4", async () => {
    await importing.run({ file });
    const more = await importing.write("more.csv", "member,time,amount\nm1,2026-01-06 10:00,10.00\n");
    const key = importing.service.key({ permissions: ["read"] });
    expect(await importing.run({ file: more, key })).toMatchObject({
      exitCode: 4,
      err: expect.stringContaining("forbidden"),
    });
  });

  it("keys that were declared with another scope: exit code 4", async () => {
    const keyed = (scope: string) => mapping({ system: "scoped", key: { columns: ["time"], scope } });
    await importing.run({ file, mapping: await keyed("account") });
    const outcome = await importing.run({ file, mapping: await keyed("programme") });
    expect(outcome).toMatchObject({ exitCode: 4, err: expect.stringContaining("per account for ever") });
  });
});

describe("other ends", () => {
  it("an API that is not there: exit code 3", async () => {
    const outcome = await importing.run({ file, url: "http://127.0.0.1:9" });
    expect(outcome).toMatchObject({ exitCode: 3, err: expect.stringContaining("http://127.0.0.1:9") });
  });

  it("a mapping that fits no row: exit code 5, with the reasons", async () => {
    const outcome = await importing.run({
      file,
      mapping: await mapping({ time: { column: "time", format: "d/M/yyyy" } }),
      goLive: true,
    });
    expect(outcome).toMatchObject({ exitCode: 5, err: expect.stringContaining("does the mapping fit") });
    expect(await rejectsOf(file)).toContain("malformed_time");
    const { body } = await importing.service.api().get("/v1/programmes/the-1");
    expect(body).toMatchObject({ clock: { mode: "replay" } });
  });

  it("a folder of its own for state and reports leaves the file's folder alone", async () => {
    const state = join(importing.folder, "states");
    expect(await importing.run({ file, state })).toMatchObject({ exitCode: 0 });
    expect(await rejectsOf(join(state, "orders.csv"))).toBe("line,reason,detail\n");
  });
});

it("a ceiling of the day that is reached is no fault of the data: exit code 3, and the rest is taken later", async () => {
  const programme = importing.fresh();
  const currencies = { POINT: { expiry: { kind: "never" }, earnCeiling: "300" } };
  const path = await mapping({ define: { ...mappingOf().define, currencies } });
  const rows = Array.from({ length: 5 }, (_, i) => `m${i},2026-01-05 10:0${i},100.00\n`);
  const many = await importing.write("many.csv", `member,time,amount\n${rows.join("")}`);
  const options = { file: many, mapping: path, programme };
  const stopped = await importing.run(options);
  expect(stopped).toMatchObject({ exitCode: 3, err: expect.stringContaining("earn_ceiling_reached") });
  expect(await reportOf(many)).toMatchObject({
    taken: { earn: 3 },
    rejected: { earn_ceiling_reached: 2 },
  });
  // Another client's day is as another day.
  const later = await importing.run({ ...options, key: importing.service.key() });
  expect(later).toMatchObject({ exitCode: 0 });
  expect(await reportOf(many)).toMatchObject({ taken: { earn: 2 }, replayed: 3, rejected: {} });
});

it("what comes after a row that the ceiling kept back does not overtake it: no points are left behind", async () => {
  const programme = importing.fresh();
  const currencies = { POINT: { expiry: { kind: "never" }, earnCeiling: "500" } };
  const path = await mapping({ define: { ...mappingOf().define, currencies } });
  const rows = ["m0,2026-01-05 10:00,300.00", "m1,2026-01-05 10:01,400.00", "m1,2026-01-06 10:00,-400.00"];
  // Of another day, and beyond what is sent at once.
  const others = Array.from({ length: 2_500 }, (_, i) => `m${i + 2},2026-01-07 10:00,0.10`);
  const file = await importing.write(
    "returns.csv",
    ["member,time,amount", ...rows, ...others, ""].join("\n"),
  );
  const options = { file, mapping: path, programme };
  expect(await importing.run(options)).toMatchObject({
    exitCode: 3,
    err: expect.stringContaining("Stopped"),
  });
  expect(await reportOf(file)).toMatchObject({ taken: { earn: 1, reversal: 0 } });
  const later = await importing.run({ ...options, key: importing.service.key() });
  expect(later.exitCode).toBe(0);
  expect(await reportOf(file)).toMatchObject({ taken: { reversal: 1 }, unmatched: "0", rejected: {} });
  const events = await importing.events(programme);
  expect(outstanding(events)).toBe(300n);
});
