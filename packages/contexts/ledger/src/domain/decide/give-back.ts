import { afterTerm, type Instant, min, sum } from "@taem/kernel";
import { zoneAt } from "@taem/programme/definitions";
import type { AccountEvent, LotPart } from "../../events.ts";
import { type AccountState, diesAt } from "../account-state.ts";
import { comeBack, type WentOut } from "../come-back.ts";
import type { Reverse } from "../commands.ts";
import { anyLot } from "../evolve.ts";
import type { Lot } from "../lot.ts";
import { type Refusal, refuse } from "../refusals.ts";
import { effectiveAt, inParts } from "../taking.ts";
import { commandFields, type Decided, type DecisionContext, settings } from "./context.ts";

type Redemption = AccountEvent<"PointsBurned" | "HoldCaptured">;
type Replacement = AccountEvent<"BurnReversed">["replacements"][number];

/**
 * A refunded burn: the points return to the lots they came from, last consumed first. A lot that has died since gets
 * them all the same and they expire at once, or, with days of grace, a replacement lot holds them for that long.
 */
export function giveBack(
  command: Reverse,
  revision: number,
  burn: readonly Redemption[],
  state: AccountState,
  context: DecisionContext,
): Decided {
  const already = state.givenBack.get(revision) ?? 0n;
  const wanted = amountToGiveBack(command, sum(burn), already);
  if (typeof wanted !== "bigint") return wanted;
  const slices = lastConsumedFirst(burn, state, already, wanted);
  const at = effectiveAt(
    command.occurredAt,
    slices.map(({ lot }) => lot),
  );
  const grace = graceEnd(context, at);
  let { book, nextLot } = state;
  const events = inParts(slices, (chunk, part): AccountEvent<"BurnReversed"> => {
    const amount = sum(chunk);
    book += amount;
    const isReplaced = ({ lot }: Slice) => grace !== undefined && diesAt(lot, state) <= context.now;
    const replacements = chunk
      .filter(isReplaced)
      .map((slice) => replacement(slice, nextLot++, at, grace as Instant));
    const outlivesDeadline = replacements.length > 0 && state.deadline < (grace as Instant);
    return {
      type: "BurnReversed",
      ...commandFields(command, context),
      effectiveAt: at,
      book,
      ...part,
      origin: revision,
      amount,
      restored: chunk
        .filter((slice) => !isReplaced(slice))
        .map(({ lot, amount: back }) => ({ lot: lot.no, amount: back, vintage: lot.vintage })),
      replacements,
      redemption: (burn[0] as Redemption).redemption,
      reason: command.reason,
      ...(outlivesDeadline ? { deadline: grace as Instant } : {}),
      decidedAt: context.now,
    };
  });
  const back = events.flatMap((event) => [...event.restored, ...event.replacements.map(partOf)]);
  return { events: [...events, ...comeBack(state, wentOut(revision, burn), back, events.at(-1))] };
}

function partOf({ no, amount, vintage }: Replacement): LotPart {
  return { lot: no, amount, vintage };
}

/** What was captured went out with its hold. */
function wentOut(revision: number, [first]: readonly Redemption[]): WentOut {
  return first?.type === "HoldCaptured" ? { hold: first.hold } : { revision };
}

function amountToGiveBack(command: Reverse, burned: bigint, already: bigint): bigint | { refused: Refusal } {
  if ("spend" in command.by) {
    return refuse("origin_without_spend", "a burn is given back by points, or all of it");
  }
  const left = burned - already;
  const amount = "points" in command.by ? command.by.points : left;
  if (left === 0n) return refuse("reversal_exceeds_origin", `all ${burned} have been given back`);
  if (amount > left) {
    return refuse("reversal_exceeds_origin", `${amount} asked, ${left} of ${burned} not yet given back`);
  }
  return amount;
}

interface Slice {
  readonly lot: Lot;
  readonly amount: bigint;
}

function lastConsumedFirst(
  burn: readonly Redemption[],
  state: AccountState,
  already: bigint,
  wanted: bigint,
): Slice[] {
  const slices: Slice[] = [];
  let skip = already;
  let left = wanted;
  for (const take of burn.flatMap((part) => part.takes).reverse()) {
    const skipped = min(skip, take.amount);
    skip -= skipped;
    const amount = min(take.amount - skipped, left);
    if (amount === 0n) continue;
    slices.push({ lot: anyLot(state, take.lot), amount });
    left -= amount;
  }
  return slices;
}

/** When a replacement dies; undefined where the programme gives no grace. */
function graceEnd(context: DecisionContext, at: Instant): Instant | undefined {
  const days = settings(context, at).returnGraceDays;
  if (days === 0) return undefined;
  return afterTerm(zoneAt(context.programme, context.now), context.now, { count: days, unit: "days" });
}

function replacement({ lot, amount }: Slice, no: number, at: Instant, expiresAt: Instant): Replacement {
  const { earnedAt, vintage } = lot;
  const replaces = lot.replaces === 0 ? lot.no : lot.replaces;
  return { no, amount, availableFrom: at, expiresAt, earnedAt, vintage, replaces };
}
