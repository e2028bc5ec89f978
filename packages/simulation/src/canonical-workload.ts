import type { BulkLine } from "@taem/client";
import { ZONE } from "./bangkok-time.ts";
import { type Definitions, MONEY, POINT } from "./definitions.ts";
import { Random, Weighted, zipf } from "./random.ts";

export interface WorkloadParameters {
  readonly accounts: number;
  /** The same parameters give the same lines; keys of different seeds do not meet. */
  readonly seed: number;
}

/** Lines `earn`, `burn` and `transfer`: what the API is sent all day. */
export type WorkloadLine = Extract<BulkLine, { readonly op: "earn" | "burn" | "transfer" }>;

export interface Workload {
  readonly definitions: Definitions;
  /** Enrols every account and gives it a reserve. To be done before the first line; may be repeated. */
  readonly opening: Iterable<BulkLine>;
  /** Without end: 80 % earn by spend, 15 % burn, 5 % transfer. */
  readonly lines: Iterable<WorkloadLine>;
  /** Without end, in place of `lines`: transfers of what the opening gave. */
  readonly transfers: Iterable<WorkloadLine>;
}

const SYSTEM = "bench";
const RULE = "base";
/** One point for 25 baht. */
const PER = 2_500n;
const EARNS = 0.8;
const BURNS = 0.95;
const LARGEST_DEBIT = 400;
/** For the account that is to spend and has nothing to spare, and for `transfers`. */
const RESERVE = 1_000n;
/** Of ten thousand accounts the hottest has 4 % of the traffic, the first hundred three tenths. */
const HOT_TAIL = 0.8;
const DRAWS = 8;
/** A credit can be spent when so many more lines were made, so that as many may be under way at once, in any order. */
const UNDER_WAY = 4_096;

/**
 * The workload of every benchmark. Spending keeps up with earning, so that accounts stay as large as they are in a
 * running programme; no line is refused as long as none is overtaken by one that comes 4,096 lines later.
 */
export function canonicalWorkload({ accounts, seed }: WorkloadParameters): Workload {
  return {
    definitions,
    opening: opening(accounts),
    lines: lines(accounts, seed),
    transfers: transfers(accounts, seed),
  };
}

const definitions: Definitions = {
  programme: { name: "Benchmark", zone: ZONE, clock: { mode: "live" } },
  currencies: { [POINT]: { expiry: { kind: "end_of_month", count: 24 }, clawback: "unlimited" } },
  rules: { [RULE]: { currency: POINT, money: MONEY, per: String(PER), points: "1" } },
  sources: { [SYSTEM]: { keys: "account" } },
};

function* opening(accounts: number): Generator<BulkLine> {
  for (let no = 0; no < accounts; no++) yield { op: "enrol", externalId: externalId(no) };
  for (let no = 0; no < accounts; no++) yield earn(no, RESERVE * PER, `opening-${no}`);
}

function* lines(accounts: number, seed: number): Generator<WorkloadLine, never> {
  const traffic = new Traffic(accounts, seed, 0n);
  for (let count = 1; ; count++) yield traffic.line(`${seed}-${count}`);
}

function* transfers(accounts: number, seed: number): Generator<WorkloadLine, never> {
  const traffic = new Traffic(accounts, seed, RESERVE / 2n);
  for (let count = 1; ; count++) yield traffic.transfer(`${seed}-transfer-${count}`);
}

class Traffic {
  readonly #random: Random;
  readonly #heat: Weighted;
  /** What each account may spend: its credits of some time ago without its debits. */
  readonly #spendable: BigInt64Array;
  /** The credits of the last lines, in a ring. */
  readonly #credited = new Int32Array(UNDER_WAY);
  readonly #credits = new BigInt64Array(UNDER_WAY);
  #made = 0;

  constructor(accounts: number, seed: number, spendable: bigint) {
    this.#random = new Random(seed);
    this.#heat = new Weighted(zipf(accounts, HOT_TAIL, 1));
    this.#spendable = new BigInt64Array(accounts).fill(spendable);
  }

  line(id: string): WorkloadLine {
    const kind = this.#random.fraction();
    if (kind < EARNS) return this.#earn(id);
    return kind < BURNS ? this.#burn(id) : this.transfer(id);
  }

  transfer(id: string): WorkloadLine {
    const { no, points } = this.#debit();
    let to = this.#heat.draw(this.#random);
    while (to === no) to = this.#heat.draw(this.#random);
    this.#credit(to, points);
    return { op: "transfer", ...debitOf(no, points, id), to: `ext:${externalId(to)}` };
  }

  #earn(id: string): WorkloadLine {
    const no = this.#heat.draw(this.#random);
    const spend = BigInt(Math.round(Math.min(5_000_000, this.#random.logNormal(45_000, 0.9))));
    this.#credit(no, spend / PER);
    return earn(no, spend, id);
  }

  #burn(id: string): WorkloadLine {
    const { no, points } = this.#debit();
    this.#credit(no, 0n);
    return { op: "burn", ...debitOf(no, points, id) };
  }

  #debit(): { readonly no: number; readonly points: bigint } {
    let no = this.#heat.draw(this.#random);
    for (let draw = 1; draw < DRAWS && this.#of(no) < 1n; draw++) no = this.#heat.draw(this.#random);
    const wanted = BigInt(this.#random.whole(1, LARGEST_DEBIT));
    const points = atLeastOne(this.#of(no), wanted);
    this.#spendable[no] = this.#of(no) - points;
    return { no, points };
  }

  /** Once a line, so that the ring counts lines. */
  #credit(no: number, points: bigint): void {
    const at = this.#made++ % UNDER_WAY;
    const settled = this.#credited[at] as number;
    this.#spendable[settled] = this.#of(settled) + (this.#credits[at] as bigint);
    this.#credited[at] = no;
    this.#credits[at] = points;
  }

  #of(no: number): bigint {
    return this.#spendable[no] as bigint;
  }
}

/** At most what there is to spare, but something. */
function atLeastOne(spendable: bigint, wanted: bigint): bigint {
  if (spendable < 1n) return 1n;
  return wanted < spendable ? wanted : spendable;
}

function earn(no: number, spend: bigint, id: string): WorkloadLine {
  return {
    op: "earn",
    ...accountOf(no),
    spend: { amount: String(spend), currency: MONEY, rule: RULE },
    source: { system: SYSTEM, id },
  };
}

function debitOf(no: number, points: bigint, id: string) {
  return { ...accountOf(no), points: String(points), source: { system: SYSTEM, id } };
}

function accountOf(no: number) {
  return { member: `ext:${externalId(no)}`, currency: POINT };
}

function externalId(no: number): string {
  return `B${String(no).padStart(7, "0")}`;
}
