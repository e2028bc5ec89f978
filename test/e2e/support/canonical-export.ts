import { createHash } from "node:crypto";
import type { Environment } from "@taem/runtime";
import { runTool } from "@taem/testing/program-process";

const LATER_LEGS = new Set(["TransferIn", "TransferInRefused", "TransferReturned"]);

/** Ids that an installation made up, by what they stand for in every installation. */
export type Names = ReadonlyMap<string, string>;

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** The id of the API key behind a principal's name. */
const KEY_ID = / \([0-9a-f]{16}\)/g;
/** Of an event's data and of a row: what an installation gives to what it records. */
const OWN = new Set([
  ...["slice", "position", "recorded_at", "recordedAt", "events", "keyCheck"],
  // Of a row of activity: the id of a client, and the day of the run.
  ...["principal", "date"],
]);

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
    .filter((line) => !line.includes("\ttaem.client-") && !line.startsWith("clients.clients\t"));
  const all = new Map([...names, ...transfersIn(lines)]);
  const normal = lines.map((line) => normalised(line, all));
  const isSum = (line: string) => SUMS.some(({ table }) => line.startsWith(`${table} `));
  const sums = SUMS.flatMap(({ table, added }) =>
    summed(
      table,
      added,
      normal.filter((line) => line.startsWith(`${table} `)),
    ),
  );
  return [...normal.filter((line) => !isSum(line)), ...sums].toSorted();
}

/** Tables of sums by slice, and their columns that are added up: which members share a slice is up to their ids. */
const SUMS = [
  { table: "ledger.control_totals", added: ["postings", "amount"] },
  { table: "ledger.client_activity", added: ["commands", "earned", "adjusted"] },
] as const;

function summed(table: string, added: readonly string[], rows: readonly string[]): string[] {
  const sums = new Map<string, number[]>();
  for (const row of rows) {
    const all = JSON.parse(row.slice(row.indexOf("{"))) as Record<string, number>;
    const of = JSON.stringify(Object.entries(all).filter(([column]) => !added.includes(column)));
    const before = sums.get(of);
    sums.set(
      of,
      added.map((column, i) => (all[column] ?? 0) + (before?.[i] ?? 0)),
    );
  }
  return [...sums].map(([of, sum]) => `${table} ${of} ${JSON.stringify(sum)}`);
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
  // What time has done, and what a transfer has begun, is written down by whoever comes first.
  const { actor } = JSON.parse(meta) as { actor: string };
  const by = key === undefined || LATER_LEGS.has(type) ? "anybody" : named(actor);
  const place = stream.startsWith("taem.unique-") ? "taem.unique" : stream;
  // It may be of a member's id.
  const said = fingerprint === undefined ? data : data.replace(fingerprint, "fingerprint");
  return [kind, named(place), revision, type, named(withoutOwn(said)), by].join(" ");
}

function withoutOwn(json: string): string {
  return JSON.stringify(JSON.parse(json), (name, value: unknown) => (OWN.has(name) ? undefined : value));
}

/** What there is of one kind, an event type or a table: how many lines, and a digest of them. */
export interface KindDigest {
  readonly lines: number;
  /** SHA-256 of the sorted lines, in hexadecimal. */
  readonly sha256: string;
}

/** What tables that have moved since were called: rows that are what they were have the digest that they had. */
const FORMER_NAMES: Readonly<Record<string, string>> = {
  "members.members": "ledger.members",
  "programmes.programmes": "ledger.programmes",
};

/** The lines of a canonical export by their kind: so a difference says where it lies. */
export function digestsOf(lines: readonly string[]): Record<string, KindDigest> {
  const byKind = Map.groupBy(lines, kindOf);
  const sorted = [...byKind].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([kind, of]) => {
      const former = FORMER_NAMES[kind];
      const lines = former === undefined ? of : of.map((line) => former + line.slice(kind.length));
      const sha256 = createHash("sha256").update(lines.toSorted().join("\n")).digest("hex");
      return [kind, { lines: of.length, sha256 }];
    }),
  );
}

/** Of an event the name of its stream comes first, which may hold spaces. */
const EVENT_TYPE = /^event .*? ([A-Z]\w+) \{/;

function kindOf(line: string): string {
  const type = EVENT_TYPE.exec(line)?.[1];
  return type === undefined ? line.slice(0, line.indexOf(" ")) : `event ${type}`;
}
