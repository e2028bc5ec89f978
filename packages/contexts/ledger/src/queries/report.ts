import type { Currency } from "@taem/programme/definitions";
import type { AccountAtCut, TimesDoing } from "./account-at-cut.ts";
import { assertReached } from "./cut.ts";
import { OutstandingTally } from "./outstanding-tally.ts";
import { parkedAccounts } from "./parked-accounts.ts";
import { addEntries, type PostedPair, postedPairs, type Span } from "./posted.ts";
import { type Lack, type ProgrammeAccountsPlatform, programmeAccounts } from "./programme-accounts.ts";
import type { ReportCut } from "./report-cut.ts";

export interface ReportQuestion {
  readonly cut: ReportCut;
  readonly currencies: readonly Currency[];
  /** How many of the largest accounts to name; undefined = lots are not asked for. */
  readonly largest: number | undefined;
  /** Days that a roll-forward is of, which end with the cut. */
  readonly span?: Span;
}

/** What a cut comes to in one currency. */
export interface CurrencyReport {
  readonly currency: Currency;
  readonly pairs: readonly PostedPair[];
  /** Of the lots, where they were asked for: adds up to the same as the ledger. */
  readonly tally: OutstandingTally;
  readonly notSwept: TimesDoing;
  readonly lacks: readonly Lack[];
}

/**
 * A report of one cut: the journal's rows, and of each account what time has made due. Its time is that of the
 * programme's own rows and events, its memory that of a thousand accounts.
 */
export async function makeReport(
  platform: ProgrammeAccountsPlatform,
  { cut, currencies, largest, span }: ReportQuestion,
): Promise<CurrencyReport[]> {
  const code = currencies.length === 1 ? currencies[0]?.code : undefined;
  // One snapshot: what is parked in it is what its journal lacks.
  const { pairs, parked } = await platform.database.transaction(
    async (sql) => {
      await assertReached(sql, cut.position);
      return { pairs: await postedPairs(sql, cut, code, span), parked: await parkedAccounts(sql) };
    },
    { snapshot: true },
  );
  const reports: CurrencyReport[] = [];
  for (const currency of currencies) {
    const own = pairs.filter((pair) => pair.currency === currency.code);
    const tally = new OutstandingTally(cut, largest ?? 0);
    const notSwept = { expired: 0n, debtRepaid: 0n, recovered: 0n };
    const lacks: Lack[] = [];
    const question = { cut, currency, parked, withLots: largest !== undefined };
    for await (const chunk of programmeAccounts(platform, question)) {
      tally.add(chunk);
      for (const { lacked } of chunk.individual) addEntries(own, currency.code, lacked, span);
      for (const due of chunk.notSwept) addTo(notSwept, due);
      lacks.push(...chunk.lacks);
    }
    reports.push({ currency, pairs: own, tally, notSwept, lacks });
  }
  return reports;
}

type Sums = { -readonly [Name in keyof AccountAtCut["due"]]: bigint };

function addTo(sums: Sums, { expired, debtRepaid, recovered }: TimesDoing): void {
  sums.expired += expired;
  sums.debtRepaid += debtRepaid;
  sums.recovered += recovered;
}
