import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentHash, RowTable } from "./content-key.ts";
import type { Reject } from "./import-folder.ts";
import type { Kind, Mapping } from "./mapping.ts";
import { type ReadingProgress, readTable } from "./reading.ts";
import { Rejection } from "./reject-reasons.ts";
import { isTransaction, rowReader, type Transaction } from "./row-reader.ts";
import type { Source } from "./source.ts";
import { countRow, emptyTally, type Tally } from "./tally.ts";

export interface CheckPlan {
  readonly source: Source;
  readonly mapping: Mapping;
  /** For local times: what the mapping says, or what is taken for the programme's. */
  readonly zone: string;
  readonly duplicates: "keep" | "reject";
  /** Milliseconds since the epoch: later rows are rejected. */
  readonly latest: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReadingProgress) => void;
}

/** What would become of a file whose rows the ledger does not hold, as far as the file tells. */
export interface CheckResult {
  /** `taken` are the rows that would be sent. */
  readonly tally: Tally;
  /** Sums of amounts in minor units, of money or of points, by kind. */
  readonly amounts: Readonly<Record<Kind, bigint>>;
  readonly members: number;
  /** Milliseconds since the epoch; undefined where there is no transaction. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  readonly isNewestFirst: boolean;
  /** The first of them. */
  readonly rejects: readonly Reject[];
}

const REJECTS_SHOWN = 20;

/** Reads a file as an import would, and sends nothing. Rejects with a `UsageError`. */
export async function checkFile({
  source,
  mapping,
  zone,
  duplicates,
  latest,
  ...plan
}: CheckPlan): Promise<CheckResult> {
  const folder = await mkdtemp(join(tmpdir(), "taem-check-"));
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const spool = join(folder, "rows.spool");
  const reading = undo.use(await readTable({ source, mapping, zone, spool, ...plan }));
  const { header, isNewestFirst } = reading;
  const read = rowReader({ mapping, header, zone, latest, duplicates, keylessBy: "mapped_columns" });
  const seen = new Seen();
  const tally = emptyTally();
  const rejects: Reject[] = [];
  for await (const { line, lines, ...row } of reading.rows()) {
    const outcome = read({ line, lines, ...row });
    countRow(tally, lines, outcome);
    if (isTransaction(outcome)) {
      tally.taken[outcome.kind] += 1;
      seen.add(outcome);
    } else if (outcome instanceof Rejection && rejects.length < REJECTS_SHOWN) {
      rejects.push({ line, reason: outcome.reason, detail: outcome.detail });
    }
  }
  const { first, last, amounts, members } = seen;
  return { tally, amounts, members, first, last, isNewestFirst, rejects };
}

class Seen {
  readonly amounts: Record<Kind, bigint> = { earn: 0n, reversal: 0n, opening_balance: 0n };
  readonly #members = new RowTable();
  members = 0;
  first: number | undefined;
  last: number | undefined;

  add({ kind, member, occurredAt, command }: Transaction): void {
    this.amounts[kind] += BigInt(command.points ?? command.spend?.amount ?? "0");
    if (this.#members.claim(contentHash([member]), 1) === undefined) this.members += 1;
    this.first = Math.min(this.first ?? occurredAt, occurredAt);
    this.last = Math.max(this.last ?? occurredAt, occurredAt);
  }
}
