/** Why the ledger says no. Every code is in the product's registry of problems, with what to do about it. */
export type RefusalCode =
  | "insufficient_points"
  | "occurred_at_in_future"
  | "time_out_of_range"
  | "expiry_too_far"
  | "amount_too_large"
  | "rule_unknown"
  | "rule_not_valid"
  | "wrong_currency"
  | "hold_unknown"
  | "hold_closed"
  | "hold_timeout_too_long"
  | "capture_exceeds_hold"
  | "origin_unknown"
  | "origin_not_reversible"
  | "origin_without_spend"
  | "reversal_exceeds_origin"
  | "refund_exceeds_sale"
  | "transfer_to_self"
  | "balance_limit_exceeded"
  | "balance_too_large"
  | "adjustment_unknown"
  | "adjustment_closed"
  | "too_many_adjustments"
  | "approver_must_differ"
  | "requester_must_withdraw"
  | "earn_ceiling_reached"
  | "adjustment_ceiling_reached"
  | "no_debt"
  | "key_reused"
  | "source_retired";

export interface Refusal {
  readonly code: RefusalCode;
  /** What was asked against what there is, for the caller; amounts in minor units. */
  readonly detail: string;
}

export function refuse(code: RefusalCode, detail: string): { readonly refused: Refusal } {
  return { refused: { code, detail } };
}
