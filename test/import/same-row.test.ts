import { hash } from "node:crypto";
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

beforeAll(async () => {
  importing = await openImporting();
});

afterAll(() => importing[Symbol.asyncDispose]());

const orders = (...rows: string[]) => `order,member,amount,time,status\n${rows.join("\n")}\n`;
const keyless = { time: { column: "time", format: "yyyy-MM-dd HH:mm" } };
const keyed = { ...keyless, key: { columns: ["order"], scope: "programme" } };

const BEFORE = ["A1,m1,100.00,2026-03-01 10:00,Shipped", "A2,m2,200.00,2026-03-01 11:00,Shipped"];
const AFTER = [
  ...BEFORE.map((row) => row.replace("Shipped", "Delivered")),
  "A3,m2,50.00,2026-03-02 11:00,Shipped",
];

async function run(programme: string, content: string, change: object) {
  const file = await importing.write(`${importing.fresh()}.csv`, content);
  const mapping = await importing.write("same-row.json", JSON.stringify(mappingOf(change)));
  const { exitCode, err } = await importing.run({ file, mapping, programme });
  expect({ exitCode, err }).toMatchObject({ exitCode: 0 });
  return { file, err, report: await reportOf(file) };
}

describe("a row without key columns", () => {
  it("is the same row when a column changes that the mapping does not read", async () => {
    const programme = importing.fresh();
    await run(programme, orders(...BEFORE), keyless);
    const { report } = await run(programme, orders(...AFTER), keyless);
    expect(report).toMatchObject({ taken: { earn: 1 }, replayed: 2 });
    expect(outstanding(await importing.events(programme))).toBe(350n);
  });

  it("is the same row when the conditions of the mapping change, or the order of the columns", async () => {
    const programme = importing.fresh();
    await run(programme, orders(...BEFORE), keyless);
    const only = [{ column: "status", values: ["Delivered", "Shipped"] }];
    const turned = orders(...BEFORE).replaceAll(/^(\w+),(\w+)/gm, "$2,$1");
    const { report } = await run(programme, turned, { ...keyless, only });
    expect(report).toMatchObject({ taken: { earn: 0 }, replayed: 2 });
  });

  it("leaves the system's name free for a mapping with key columns", async () => {
    const programme = importing.fresh();
    await run(programme, orders(...BEFORE), keyless);
    const { report } = await run(programme, orders("A3,m2,50.00,2026-03-02 11:00,Shipped"), keyed);
    expect(report).toMatchObject({ taken: { earn: 1 } });
    const keys = (await importing.events(programme)).map((event) => ("key" in event ? event.key.system : ""));
    expect(keys).toEqual(["shop-rows", "shop-rows", "shop"]);
  });

  it("that an earlier version imported, by all its columns, is recognised for good", async () => {
    const programme = importing.fresh();
    await run(programme, orders(), keyless);
    const api = importing.service.api();
    const old = importing.fresh();
    const { name, zone, currencies, rules } = mappingOf().define;
    await api.put(`/v1/programmes/${old}`, {
      name,
      zone,
      clock: { mode: "replay", at: "1970-01-01T00:00:00Z" },
    });
    await api.put(`/v1/programmes/${old}/currencies/POINT`, currencies.POINT);
    await api.put(`/v1/programmes/${old}/rules/base-earn`, rules["base-earn"]);
    await api.put(`/v1/programmes/${old}/sources/shop`, { keys: "account" });
    await api.put(`/v1/programmes/${old}/clock`, { mode: "replay", at: "2026-03-01T04:00:00Z" });
    for (const row of BEFORE) {
      const cells = row.split(",");
      const [, member = "", amount = "", time = ""] = cells;
      await api.post(`/v1/programmes/${old}/members`, { externalId: member });
      await api.post(`/v1/programmes/${old}/members/ext:${member}/earn`, {
        currency: "POINT",
        spend: { amount: amount.replace(".", ""), currency: "THB", rule: "base-earn" },
        occurredAt: new Date(`${time.replace(" ", "T")}:00+07:00`).toISOString(),
        reason: "purchase",
        source: { system: "shop", id: `row-${hash("sha256", JSON.stringify(cells)).slice(0, 32)}-1` },
      });
    }
    const first = await run(old, orders(...BEFORE), keyless);
    expect(first.report).toMatchObject({ taken: { earn: 0 }, replayed: 2 });
    expect(first.err).toContain("told apart by all their columns");
    const second = await run(old, orders(...BEFORE, "A3,m2,50.00,2026-03-02 11:00,Shipped"), keyless);
    expect(second.report).toMatchObject({ taken: { earn: 1 }, replayed: 2 });
    expect(outstanding(await importing.events(old))).toBe(350n);
  });
});

describe("a key that stands twice in a file", () => {
  it("is told from one that was in the ledger before", async () => {
    const programme = importing.fresh();
    const items = orders(
      ...BEFORE,
      "A1,m1,100.00,2026-03-01 10:00,Shipped",
      "A1,m1,7.00,2026-03-01 10:00,Shipped",
    );
    const { file, report } = await run(programme, items, keyed);
    expect(report).toMatchObject({ taken: { earn: 2 }, replayed: 0, rejected: { key_repeated: 2 } });
    expect(await rejectsOf(file)).toContain('4,key_repeated,"the key ""A1"" is that of line 2"');
    const again = await run(programme, items, keyed);
    expect(again.report).toMatchObject({ taken: { earn: 0 }, replayed: 2, rejected: { key_repeated: 2 } });
  });

  it("for lines of an order whose total stands on the first is a further line, ignored", async () => {
    const content = orders(
      "A1,m1,100.00,2026-03-01 10:00,paid",
      "A1,m1,,2026-03-01 10:00,",
      "A2,m1,,2026-03-01 10:00,",
      "A1,m1,,2026-03-01 10:00,",
    );
    const change = { ...keyed, amount: { column: "amount", decimals: 2, empty: "same_key" } };
    const { file, report } = await run(importing.fresh(), content, change);
    expect(report).toMatchObject({ lines: 5, taken: { earn: 1 }, ignored: { header: 1, same_key: 1 } });
    expect(await rejectsOf(file)).toMatch(/^4,malformed_amount.*\n5,malformed_amount/m);
  });
});

describe("an id that a spreadsheet has written as a number", () => {
  const cut = orders(
    "1.23457E+17,1.23457E+11,199.00,2026-03-01 10:00,-",
    "1.23457E+17,1.23457E+11,199.00,2026-03-01 10:00,-",
    "1.23458E+17,1.23457E+11,70.00,2026-03-01 12:00,-",
    "A1,m1,1.00,2026-03-01 12:00,-",
  );

  it("is rejected, and four people do not become one", async () => {
    const programme = importing.fresh();
    const { report } = await run(programme, cut, keyed);
    expect(report).toMatchObject({ membersEnrolled: 1, taken: { earn: 1 }, rejected: { scientific_id: 3 } });
  });

  it("is taken if the mapping says so", async () => {
    const { report } = await run(importing.fresh(), cut, { ...keyed, ids: { scientific: "take" } });
    expect(report).toMatchObject({ taken: { earn: 3 }, rejected: { key_repeated: 1 } });
  });

  it("is taken as it was where the spreadsheet was kept from it", async () => {
    const armoured = orders(
      '="0000123",="0000000001",199.00,2026-03-01 10:00,-',
      "'0000124,'0000000001,250.00,2026-03-01 11:00,-",
      "0000125,0000000001,100.00,2026-03-01 12:00,-",
    );
    const programme = importing.fresh();
    const { report } = await run(programme, armoured, keyed);
    expect(report).toMatchObject({ membersEnrolled: 1, taken: { earn: 3 } });
    const ids = (await importing.events(programme)).map((event) => ("key" in event ? event.key.id : ""));
    expect(ids).toEqual(["0000123", "0000124", "0000125"]);
    const kept = await run(importing.fresh(), armoured, { ...keyed, ids: { armour: "keep" } });
    expect(kept.report).toMatchObject({ membersEnrolled: 3 });
  });
});
