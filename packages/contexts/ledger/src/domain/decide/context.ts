import { type AppliedKeys, afterTerm, type Instant } from "@taem/kernel";
import { type Currency, type Programme, settingsAt, zoneAt } from "@taem/programme/definitions";
import type { CurrencySettings } from "@taem/programme/events";
import type { AccountEvent } from "../../events.ts";
import type { AccountState } from "../account-state.ts";
import type { AccountCommand } from "../commands.ts";
import type { Activity } from "../effect.ts";
import type { Refusal } from "../refusals.ts";
import type { AccountIdentity } from "../sweep.ts";

/** Everything a decision depends on besides the account's own state. */
export interface DecisionContext {
  /** The programme's business clock. */
  readonly now: Instant;
  /** Principal of the API key. */
  readonly actor: string;
  readonly programme: Programme;
  readonly currency: Currency;
  readonly member: string;
  /** What the actor's client has done today in the programme, in this currency; absent = nothing, or nobody counts it. */
  readonly today?: Activity;
  /** Of the commands that the account has applied, the revision of the first event. */
  readonly keys: Pick<AppliedKeys, "revisionOf">;
  /** The events of the command that this one refers to, once `decide` has asked for them. */
  readonly origin?: readonly AccountEvent[];
}

export type Decided = { readonly events: readonly AccountEvent[] } | { readonly refused: Refusal } | Needs;

/** The decision needs the events of the command applied at this revision: load them and decide again. */
export interface Needs {
  readonly needs: { readonly revision: number };
}

export function accountOf(
  context: Pick<DecisionContext, "programme" | "currency" | "member">,
): AccountIdentity {
  return {
    programme: context.programme.id,
    member: context.member,
    currency: context.currency.code,
    zoneAt: (at) => zoneAt(context.programme, at),
  };
}

export function settings(context: DecisionContext, at: Instant): CurrencySettings {
  return settingsAt(context.currency, at);
}

/** The fields that every event of a caller's command carries. */
export function commandFields(
  command: Extract<AccountCommand, { readonly fingerprint: string }>,
  context: DecisionContext,
) {
  return {
    programme: context.programme.id,
    member: context.member,
    currency: context.currency.code,
    occurredAt: command.occurredAt,
    key: command.key,
    fingerprint: command.fingerprint,
  };
}

/**
 * The inactivity deadline of an account that points arrive in by no doing of the member's (a transfer, an adjustment):
 * they do not put off one that is to come, but an account that is dormant or has never been active begins a new term,
 * or what arrives would die at once, or never.
 */
export function deadlineOnArrival(state: AccountState, context: DecisionContext): { deadline?: Instant } {
  const term = settings(context, context.now).inactivity;
  const isToCome = Number.isFinite(state.deadline) && state.deadline > context.now;
  if (term === undefined || isToCome) return {};
  return { deadline: afterTerm(zoneAt(context.programme, context.now), context.now, term) };
}

/**
 * The inactivity deadline after an earn, burn or capture. It never moves backwards, not even when late news from
 * before the policy or under an older one comes in, and goes with the policy that is in force now.
 */
export function deadlineAfter(
  state: AccountState,
  context: DecisionContext,
  occurredAt: Instant,
): { deadline?: Instant } {
  if (settings(context, context.now).inactivity === undefined) return {};
  const known = Number.isFinite(state.deadline);
  const term = settings(context, occurredAt).inactivity;
  if (term === undefined) return known ? { deadline: state.deadline } : {};
  const fresh = afterTerm(zoneAt(context.programme, occurredAt), occurredAt, term);
  return { deadline: known ? Math.max(state.deadline, fresh) : fresh };
}
