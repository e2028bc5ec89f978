import type { BulkLine } from "@taem/client";
import { ZONE } from "./bangkok-time.ts";
import { type Definitions, MONEY, POINT } from "./definitions.ts";
import { Random, Weighted, zipf } from "./random.ts";

export interface WorkloadParameters {
  readonly accounts: number;
  /** The same parameters give the same lines; keys of different seeds do not meet. */
  readonly seed: number;
}

export interface Workload {
  readonly definitions: Definitions;
  /** Enrols every account and gives it a reserve. To be done before the first line; may be repeated. */
  readonly opening: Iterable<BulkLine>;
  /** Without end: 80 % earn by spend, 15 % burn, 5 % transfer. */
  readonly lines: Iterable<BulkLine>;
}

const SYSTEM = "bench";
const RULE = "base";
/** One point for 25 baht. */
const PER = 2_500n;
const EARNS = 0.8;
const BURNS = 0.95;
const LARGEST_BURN = 400;
/** So that no burn is refused when lines of one account overtake each other. */
const RESERVE = 1_000n;
/** Of ten thousand accounts the hottest has 4 % of the traffic, the first hundred three tenths. */
const HOT_TAIL = 0.8;
const DRAWS = 8;

/**
 * The workload of every benchmark. Spending keeps up with earning, so that accounts stay as large as they are in a
 * running programme; no line is refused as long as those of one account are applied roughly in their order.
 */
export function canonicalWorkload({ accounts, seed }: WorkloadParameters): Workload {
  return {
    definitions,
    opening: opening(accounts),
    lines: lines(accounts, seed),
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

function* lines(accounts: number, seed: number): Generator<BulkLine, never> {
  const random = new Random(seed);
  const heat = new Weighted(zipf(accounts, HOT_TAIL, 1));
  const surplus = new BigInt64Array(accounts);
  const richOne = (): number => {
    let no = heat.draw(random);
    for (let draw = 1; draw < DRAWS && (surplus[no] as bigint) < 1n; draw++) no = heat.draw(random);
    return no;
  };
  for (let count = 1; ; count++) {
    const id = `${seed}-${count}`;
    const kind = random.fraction();
    if (kind < EARNS) {
      const no = heat.draw(random);
      const spend = BigInt(Math.round(Math.min(5_000_000, random.logNormal(45_000, 0.9))));
      surplus[no] = (surplus[no] as bigint) + spend / PER;
      yield earn(no, spend, id);
      continue;
    }
    const no = richOne();
    const points = atLeastOne(surplus[no] as bigint, BigInt(random.whole(1, LARGEST_BURN)));
    surplus[no] = (surplus[no] as bigint) - points;
    const debit = { ...accountOf(no), points: String(points), source: { system: SYSTEM, id } };
    if (kind < BURNS) {
      yield { op: "burn", ...debit };
      continue;
    }
    const to = (no + 1 + Math.floor(random.fraction() * (accounts - 1))) % accounts;
    surplus[to] = (surplus[to] as bigint) + points;
    yield { op: "transfer", ...debit, to: `ext:${externalId(to)}` };
  }
}

/** At most what there is above the reserve, but something. */
function atLeastOne(surplus: bigint, wanted: bigint): bigint {
  if (surplus < 1n) return 1n;
  return wanted < surplus ? wanted : surplus;
}

function earn(no: number, spend: bigint, id: string): BulkLine {
  return {
    op: "earn",
    ...accountOf(no),
    spend: { amount: String(spend), currency: MONEY, rule: RULE },
    source: { system: SYSTEM, id },
  };
}

function accountOf(no: number) {
  return { member: `ext:${externalId(no)}`, currency: POINT };
}

function externalId(no: number): string {
  return `B${String(no).padStart(7, "0")}`;
}
