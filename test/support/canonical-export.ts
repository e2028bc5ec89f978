import type { Environment } from "@taem/runtime";
import { runTool } from "./program-process.ts";

/** Ids that an installation made up, by what they stand for in every installation. */
export type Names = ReadonlyMap<string, string>;

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** The id of the API key behind a principal's name. */
const KEY_ID = / \([0-9a-f]{16}\)/g;
/** Of an event's data and of a row: what an installation gives to what it records. */
const OWN = new Set(["slice", "position", "recorded_at", "recordedAt", "events", "keyCheck"]);

/**
 * `taem export --canonical` of an installation as lines that are equal to those of another one which did the same: its ids
 * are replaced by what they stand for, its positions and recorded times are left out.
 */
export async function canonicalExport(environment: Environment, names: Names): Promise<string[]> {
  const { exitCode, out, err } = await runTool(["export", "--canonical"], environment);
  if (exitCode !== 0) throw new Error(`the export failed: ${err}`);
  // Who calls is made up by each installation.
  const lines = out
    .trimEnd()
    .split("\n")
    .filter((line) => !line.includes("\ttaem.client-"));
  const all = new Map([...names, ...transfersIn(lines)]);
  const isTotal = (line: string) => line.startsWith("ledger.control_totals ");
  const [totals = [], others = []] = [isTotal, (line: string) => !isTotal(line)].map((chosen) =>
    lines.map((line) => normalised(line, all)).filter(chosen),
  );
  return [...others, ...summed(totals)].toSorted();
}

/** Totals are kept by slice, and which members share one is up to their ids. */
function summed(totals: readonly string[]): string[] {
  const sums = new Map<string, { postings: number; amount: number }>();
  for (const total of totals) {
    const { postings, amount, ...of } = JSON.parse(total.slice(total.indexOf("{")));
    const sum = sums.get(JSON.stringify(of)) ?? { postings: 0, amount: 0 };
    sums.set(JSON.stringify(of), { postings: sum.postings + postings, amount: sum.amount + amount });
  }
  return [...sums].map(([of, sum]) => `ledger.control_totals ${of} ${JSON.stringify(sum)}`);
}

/** A transfer is known by the key of the command that began it. */
function transfersIn(lines: readonly string[]): [string, string][] {
  return lines.flatMap((line): [string, string][] => {
    const [kind, , , , type, data] = line.split("\t");
    if (kind !== "event" || type !== "TransferOut") return [];
    const { transfer, key } = JSON.parse(data as string) as { transfer: string; key: object };
    return [[transfer, `transfer ${JSON.stringify(key)}`]];
  });
}

function normalised(line: string, names: Names): string {
  const [kind, , ...rest] = line.split("\t");
  const named = (text: string) => text.replaceAll(UUID, (id) => names.get(id) ?? "id").replaceAll(KEY_ID, "");
  if (kind !== "event") return [kind, named(withoutOwn(rest[0] as string))].join(" ");
  const [stream, revision, type, data, meta] = rest as [string, string, string, string, string];
  const { key, fingerprint } = JSON.parse(data) as { key?: object; fingerprint?: string };
  // What time has done is written down by whoever comes first.
  const { actor } = JSON.parse(meta) as { actor: string };
  const by = key === undefined ? "anybody" : named(actor);
  const place = stream.startsWith("taem.unique-") ? "taem.unique" : stream;
  // It may be of a member's id.
  const said = fingerprint === undefined ? data : data.replace(fingerprint, "fingerprint");
  return [kind, named(place), revision, type, named(withoutOwn(said)), by].join(" ");
}

function withoutOwn(json: string): string {
  return JSON.stringify(JSON.parse(json), (name, value: unknown) => (OWN.has(name) ? undefined : value));
}
