/**
 * The chart of accounts of the double-entry reading of the log. `outstanding` is the liability: what members hold.
 *
 * | account | what it is |
 * | --- | --- |
 * | outstanding | points owed to members (credit balance) |
 * | debt | points members owe back (debit balance), never netted against outstanding |
 * | issuance:SOURCE | earned, by source system, less returns that name their sale |
 * | issuance:SOURCE:unreferenced_returns | taken back by returns that name no sale |
 * | redemption:KIND | burned and captured, less what was given back |
 * | expired | died unspent |
 * | clearing:transfer | between the two legs of transfers; zero when none is in flight |
 * | adjustment:REASON | manual credits, debits and write-offs |
 * | waived, waived:claims | a memorandum pair, which moves no points: what returns have left with members, less what was taken when it came back |
 */
export interface Posting {
  readonly account: string;
  /** Minor units; positive = debit, negative = credit. */
  readonly amount: bigint;
}

export const OUTSTANDING = "outstanding";
export const DEBT = "debt";
export const EXPIRED = "expired";
export const TRANSFER_CLEARING = "clearing:transfer";
export const WAIVED = "waived";
export const WAIVED_CLAIMS = "waived:claims";
