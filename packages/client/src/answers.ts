import type { Amount, Instant } from "./requests.ts";

export interface ProgrammeAnswer {
  readonly programme: string;
  readonly id: string;
  readonly name: string;
  /** IANA time zone. */
  readonly zone: string;
  readonly clock: { readonly mode: "live" | "replay"; readonly at?: Instant | undefined };
  readonly currencies: readonly {
    readonly currency: string;
    readonly scale: number;
    readonly version: number;
  }[];
  readonly rules: readonly { readonly rule: string; readonly version: number }[];
  readonly sources: readonly { readonly system: string; readonly keys: "account" | "programme" }[];
}

export interface EnrolAnswer {
  readonly member: string;
  readonly enrolledAt: Instant;
}

/** Of a return: what became debt, what was given up by policy, what had expired, what no earn stood against. */
export interface Clawback {
  readonly policy: string;
  readonly debt: Amount;
  readonly waived: Amount;
  readonly expired: Amount;
  readonly unmatched: Amount;
}

export interface Effect {
  readonly kind: string;
  /** Points that moved, were held or asked for. */
  readonly points: Amount;
  readonly effectiveAt: Instant;
  readonly hold?: { readonly id: string; readonly timeoutAt?: Instant | undefined } | undefined;
  readonly adjustment?: { readonly id: string } | undefined;
  readonly clawback?: Clawback | undefined;
}

export interface CommandAnswer {
  readonly member: string;
  readonly currency: string;
  /** Done before, under the same key: the first effect. */
  readonly replayed: boolean;
  readonly effect: Effect;
  readonly balance: {
    readonly book: Amount;
    readonly available: Amount;
    readonly pending: Amount;
    readonly held: Amount;
    readonly due: Amount;
    readonly debt: Amount;
  };
  /** Give it to a query to read your write. */
  readonly token: string;
}
