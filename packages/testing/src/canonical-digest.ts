import { createHash } from "node:crypto";

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
