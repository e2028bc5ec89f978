import { isInCalendar, MAX_AMOUNT, MAX_BALANCE } from "@taem/kernel";
import { zoneAt } from "@taem/programme/definitions";
import type { AccountEvent } from "../../events.ts";
import { type AccountState, draft } from "../account-state.ts";
import { type AccountCommand, keyOf } from "../commands.ts";
import { mayMakeDue } from "../due.ts";
import { evolve } from "../evolve.ts";
import { type Refusal, refuse } from "../refusals.ts";
import { dueEvents } from "../sweep.ts";
import { adjust, approve, reject, withdraw } from "./adjust.ts";
import { burn, capture, placeHold, voidHold } from "./burn.ts";
import { accountOf, type Decided, type DecisionContext, type Needs } from "./context.ts";
import { earn } from "./earn.ts";
import { reverse } from "./reverse.ts";
import { transferIn, transferOut, transferReturned } from "./transfer.ts";

/** How far a business time may lie ahead of the business clock. */
const CLOCK_TOLERANCE = 5 * 60_000;

export type Decision =
  /** To be appended at the state's revision, all or nothing. `due` of them were made by time, before the command's own. */
  | { readonly accepted: readonly AccountEvent[]; readonly due: number }
  | { readonly refused: Refusal }
  | Needs;

/**
 * Decides one command on an account, for the first time: that its key is new is known by then. Pure; never throws for a business reason. What time has done by now comes
 * first, and what the command's own effect makes due (a credit repaying debt, points released to a dead lot) last.
 */
export function decide(command: AccountCommand, state: AccountState, context: DecisionContext): Decision {
  const refusal = refusedOnSight(command, context);
  if (refusal !== undefined) return refusal;

  const account = accountOf(context);
  const before = dueEvents(state, account, context.now);
  const ready = before.length === 0 ? state : evolveAll(draft(state), before);
  const decided = decideReady(command, ready, context);
  if (!("events" in decided)) return decided;
  const excess = command.type === "return_transfer" ? undefined : refusedInEffect(decided.events, ready);
  if (excess !== undefined) return excess;
  const after = mayMakeDue(decided.events, ready, context.now)
    ? dueEvents(evolveAll(draft(ready), decided.events), account, context.now)
    : [];
  return { accepted: [...before, ...decided.events, ...after], due: before.length };
}

function refusedOnSight(command: AccountCommand, context: DecisionContext): { refused: Refusal } | undefined {
  if ("occurredAt" in command && command.occurredAt > context.now + CLOCK_TOLERANCE) {
    return refuse(
      "occurred_at_in_future",
      "occurredAt lies more than five minutes ahead of the programme's clock",
    );
  }
  if (
    "occurredAt" in command &&
    !isInCalendar(zoneAt(context.programme, command.occurredAt), command.occurredAt)
  ) {
    return refuse(
      "time_out_of_range",
      "occurredAt lies outside the years 1970 to 9999 of the programme's zone",
    );
  }
  const { system } = keyOf(command);
  if (context.programme.sources.get(system)?.isRetired) {
    return refuse("source_retired", `${system} is retired: nothing new is taken under its keys`);
  }
  const amount = amountOf(command);
  if (amount > MAX_AMOUNT) {
    return refuse("amount_too_large", `${amount} asked, at most ${MAX_AMOUNT} a command`);
  }
  return undefined;
}

/**
 * What would lift the account above all bounds. A transfer that comes back is never asked: its points have nowhere else
 * to go, and what is under way at once is far from filling the room up to 64 bits.
 */
function refusedInEffect(
  events: readonly AccountEvent[],
  state: AccountState,
): { refused: Refusal } | undefined {
  let { book, debt } = state;
  for (const event of events) {
    if (event.book > book) book = event.book;
    if (event.type === "EarnReversed") debt += event.debt;
  }
  if (book > MAX_BALANCE && book > state.book) {
    return refuse("balance_too_large", `the account would hold ${book}, at most ${MAX_BALANCE}`);
  }
  if (debt > MAX_BALANCE && debt > state.debt) {
    return refuse("balance_too_large", `the member would owe ${debt}, at most ${MAX_BALANCE}`);
  }
  return undefined;
}

/** Points or money that a caller names; 0 where the account decides how much it is. */
function amountOf(command: AccountCommand): bigint {
  if ("points" in command) return command.points ?? 0n;
  if (!("by" in command)) return 0n;
  if ("points" in command.by) return command.by.points;
  return "spend" in command.by ? command.by.spend : 0n;
}

function decideReady(command: AccountCommand, state: AccountState, context: DecisionContext): Decided {
  switch (command.type) {
    case "earn":
      return earn(command, state, context);
    case "burn":
      return burn(command, state, context);
    case "hold":
      return placeHold(command, state, context);
    case "capture":
      return capture(command, state, context);
    case "void":
      return voidHold(command, state, context);
    case "reverse":
      return reverse(command, state, context);
    case "transfer":
      return transferOut(command, state, context);
    case "receive_transfer":
      return transferIn(command, state, context);
    case "return_transfer":
      return transferReturned(command, state, context);
    case "adjust":
      return adjust(command, state, context);
    case "approve":
      return approve(command, state, context);
    case "reject":
      return reject(command, state, context);
    case "withdraw":
      return withdraw(command, state, context);
  }
}

function evolveAll(state: AccountState, events: readonly AccountEvent[]): AccountState {
  for (const event of events) evolve(state, event);
  return state;
}
