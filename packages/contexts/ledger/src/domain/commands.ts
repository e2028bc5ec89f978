import type { BusinessKey, Instant } from "@taem/kernel";
import type { LotPart, NewLot } from "../events.ts";

/** What callers ask of one account. Amounts are minor units, above 0 unless said otherwise. */

interface Keyed {
  readonly key: BusinessKey;
  /** Fingerprint of what the command means, `commandFingerprint`. */
  readonly fingerprint: string;
  readonly occurredAt: Instant;
}

export interface Earn extends Keyed {
  readonly type: "earn";
  /** Points given outright, or money spent under a rule. */
  readonly by:
    | { readonly points: bigint }
    /** `amount` may be 0. */
    | { readonly spend: bigint; readonly money: string; readonly rule: string };
  /** Overrides the currency's expiry policy: opening balances. `null` = never. */
  readonly expiresAt?: Instant | null;
  readonly reason: string;
}

export interface Burn extends Keyed {
  readonly type: "burn";
  readonly points: bigint;
  readonly redemption: string;
}

export interface PlaceHold extends Keyed {
  readonly type: "hold";
  readonly points: bigint;
  readonly redemption: string;
  readonly timeoutSeconds?: number;
}

export interface CaptureHold extends Keyed {
  readonly type: "capture";
  readonly hold: number;
  /** All that is held when absent. */
  readonly points?: bigint;
}

export interface VoidHold extends Keyed {
  readonly type: "void";
  readonly hold: number;
}

/** Takes back an earn, or gives back a burn or capture: what the origin was decides. */
export interface Reverse extends Keyed {
  readonly type: "reverse";
  /** Absent = a return that names no sale. */
  readonly origin?: BusinessKey;
  /** How much: points, money refunded now (by the origin's own rule, or `rule` without an origin), or all the rest. */
  readonly by:
    | { readonly points: bigint }
    | { readonly spend: bigint; readonly rule?: string }
    | { readonly all: true };
  readonly reason: string;
}

export interface Transfer extends Keyed {
  readonly type: "transfer";
  readonly points: bigint;
  readonly to: string;
  /** Id of the transfer, ours. */
  readonly transfer: string;
}

export interface Adjust extends Keyed {
  readonly type: "adjust";
  readonly direction: "credit" | "debit" | "write_off";
  readonly points: bigint;
  readonly reason: string;
}

export interface ApproveAdjustment extends Keyed {
  readonly type: "approve";
  readonly adjustment: number;
}

/** A second principal turns down what was asked for. */
export interface RejectAdjustment extends Keyed {
  readonly type: "reject";
  readonly adjustment: number;
}

/** Who asked for it takes it back. */
export interface WithdrawAdjustment extends Keyed {
  readonly type: "withdraw";
  readonly adjustment: number;
}

export type AccountCommand =
  | Earn
  | Burn
  | PlaceHold
  | CaptureHold
  | VoidHold
  | Reverse
  | Transfer
  | Adjust
  | ApproveAdjustment
  | RejectAdjustment
  | WithdrawAdjustment
  | ReceiveTransfer
  | ReturnTransfer;

/** The second leg of a transfer, on the target. Made by the saga, never by a caller. */
export interface ReceiveTransfer {
  readonly type: "receive_transfer";
  readonly transfer: string;
  readonly from: string;
  readonly lots: readonly NewLot[];
  readonly effectiveAt: Instant;
}

/** The compensation on the source, after the target's recorded refusal. Made by the saga, never by a caller. */
export interface ReturnTransfer {
  readonly type: "return_transfer";
  readonly transfer: string;
  /** Key of the first leg. */
  readonly out: BusinessKey;
  readonly takes: readonly LotPart[];
  readonly refusal: string;
  readonly effectiveAt: Instant;
}

/** Keys of the saga's own legs live under a system that no caller can name. */
export const TRANSFER_SYSTEM = "taem.transfer";

export function keyOf(command: AccountCommand): BusinessKey {
  switch (command.type) {
    case "receive_transfer":
      return { system: TRANSFER_SYSTEM, id: command.transfer, leg: "in" };
    case "return_transfer":
      return { system: TRANSFER_SYSTEM, id: command.transfer, leg: "return" };
    default:
      return command.key;
  }
}
