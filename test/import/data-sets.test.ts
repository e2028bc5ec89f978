import { existsSync } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Importing, openImporting, outstanding, reportOf } from "./support/importing.ts";

const root = resolve(import.meta.dirname, "../..");
const data = join(process.env["TAEM_SHARED"] ?? join(root, "../shared"), "data");
const mappings = join(root, "packages/import/mappings");
const reason = existsSync(data) ? "" : ` (skipped: ${data} is not there; see TAEM_SHARED)`;
/** A slow machine takes its time over some ten thousand rows. */
const TIMEOUT_MS = 600_000;

describe.skipIf(reason !== "")(`real transactions${reason}`, { timeout: TIMEOUT_MS }, () => {
  let importing: Importing;

  beforeAll(async () => {
    importing = await openImporting();
  });

  afterAll(() => importing[Symbol.asyncDispose]());

  const copy = async (name: string) => {
    const file = join(importing.folder, name);
    await copyFile(join(data, name), file);
    return file;
  };

  it("of a shop come out as a model of their own says, cancellations without a sale among them", async () => {
    const file = await copy("online_retail_invoices.csv");
    const options = { file, mapping: join(mappings, "online-retail.json"), programme: "online-retail" };
    expect(await importing.run(options)).toMatchObject({ exitCode: 0 });
    const model = modelOf(await readFile(file, "utf8"));
    expect(await reportOf(file)).toMatchObject({
      rows: 25_900,
      membersEnrolled: 4_371,
      taken: { earn: 18_532, reversal: 3_654, opening_balance: 0 },
      rejected: { no_member: 3_707, zero_amount: 4, unknown_kind: 3 },
      credited: String(model.credited),
      reversed: String(model.reversed),
      unmatched: String(model.unmatched),
    });
    const events = await importing.events("online-retail");
    expect(outstanding(events)).toBe(model.credited - model.reversed);
  });

  it("with exact duplicates are all taken, and taken once", async () => {
    const whole = await readFile(join(data, "CDNOW_master.txt"), "utf8");
    const lines = whole.split("\r\n").slice(0, 10_001);
    const file = await importing.write("CDNOW_master.txt", lines.join("\r\n"));
    const options = { file, mapping: join(mappings, "cdnow.json"), programme: "cdnow" };
    expect(await importing.run(options)).toMatchObject({ exitCode: 0 });
    const purchases = lines.slice(1).map((line) => line.trim().split(/\s+/));
    const points = purchases.reduce(
      (sum, [, , , dollars = ""]) => sum + BigInt(dollars.split(".")[0] as string),
      0n,
    );
    expect(new Set(lines).size).toBeLessThan(lines.length);
    expect(await reportOf(file)).toMatchObject({
      rows: 10_000,
      membersEnrolled: new Set(purchases.map(([member]) => member)).size,
      taken: { earn: 10_000 },
      rejected: {},
    });
    const events = await importing.events("cdnow");
    expect(outstanding(events)).toBe(points);
    await importing.run(options);
    expect(await reportOf(file)).toMatchObject({ replayed: 10_000, taken: { earn: 0 } });
    expect(await importing.events("cdnow")).toEqual(events);
  });
});

/** What the shop's invoices come to: a point a whole pound, and returns take no more back than was earned. */
function modelOf(csv: string) {
  const held = new Map<string, bigint>();
  const sums = { credited: 0n, reversed: 0n, unmatched: 0n };
  for (const row of csv.trim().split("\n").slice(1)) {
    const [, member = "", , , , , amount = "", kind] = row.split(",");
    const points = BigInt(amount.replace("-", "").split(".")[0] as string);
    const before = held.get(member) ?? 0n;
    if (member === "") continue;
    if (kind === "sale") {
      sums.credited += points;
      held.set(member, before + points);
    } else if (kind === "cancel") {
      const taken = points < before ? points : before;
      sums.reversed += taken;
      sums.unmatched += points - taken;
      held.set(member, before - taken);
    }
  }
  return sums;
}
