import { min, sum } from "@taem/kernel";
import type { AccountEvent, LotPart } from "../events.ts";
import { type AccountState, diesAt, lotOf } from "./account-state.ts";
import { effectiveAt, inParts } from "./taking.ts";
import type { Waiver } from "./waivers.ts";

/**
 * What points owe when they come back to their lots, as a hold ends or a burn is refunded: what returns had waived
 * while they were out, then, where their lot has died, debt. What is left of a dead lot after that expires.
 */

/** When they had gone out: with a hold, or with the burn or transfer at a revision. */
export type WentOut = { readonly hold: number } | { readonly revision: number };

/** The last event that brought them back. */
type CameBack = AccountEvent<
  "HoldCaptured" | "HoldVoided" | "HoldTimedOut" | "BurnReversed" | "TransferReturned"
>;

interface Piece {
  readonly waiver: Waiver;
  readonly part: LotPart;
}

export function comeBack(
  state: AccountState,
  wentOut: WentOut,
  parts: readonly LotPart[],
  cameBack: CameBack | undefined,
): AccountEvent<"WaiverRecovered" | "DebtRepaid">[] {
  if (cameBack === undefined) return [];
  const { newer: claims } = state.waived.split((waiver) => wasOut(wentOut, waiver));
  const pieces = matched(claims, parts);
  const recovered = pieces.length === 0 ? [] : recover(state, pieces, cameBack);
  if (state.debt === 0n) return recovered;
  return [...recovered, ...repay(state, without(parts, pieces), recovered.at(-1) ?? cameBack)];
}

/** Without it, whoever holds or spends everything before a return, and takes it back after, keeps the points. */
function recover(
  state: AccountState,
  pieces: readonly Piece[],
  cameBack: CameBack,
): AccountEvent<"WaiverRecovered">[] {
  const at = effectiveAt(
    cameBack.effectiveAt,
    pieces.map(({ waiver }) => waiver),
  );
  let { book } = cameBack;
  return inParts(pieces, (chunk) => {
    const takes = chunk.map(({ part }) => part);
    const amount = sum(takes);
    book -= amount;
    const fields = { ...common(cameBack), effectiveAt: at, book };
    const returns = perWaiver(state, chunk);
    return { type: "WaiverRecovered", ...fields, amount, takes: perLot(takes), returns };
  });
}

/**
 * Points that come back to a lot too late to be spent repay debt all the same: or the member would owe for a return
 * what expiry has taken already. Those that come back in time repay it as any credit does, by the sweep.
 */
function repay(
  state: AccountState,
  parts: readonly LotPart[],
  after: CameBack | AccountEvent<"WaiverRecovered">,
): AccountEvent<"DebtRepaid">[] {
  const at = Math.max(after.effectiveAt, state.debtEffectiveAt);
  const takes: LotPart[] = [];
  let { debt } = state;
  for (const part of parts) {
    const lot = state.lots.get(part.lot);
    const isTooLate = lot !== undefined && lot.availableFrom < diesAt(lot, state) && diesAt(lot, state) <= at;
    const amount = isTooLate ? min(part.amount, debt) : 0n;
    if (amount === 0n) continue;
    takes.push({ ...part, amount });
    debt -= amount;
  }
  if (takes.length === 0) return [];
  let { book } = after;
  return inParts(takes, (chunk) => {
    const amount = sum(chunk);
    book -= amount;
    return { type: "DebtRepaid", ...common(after), effectiveAt: at, book, amount, takes: chunk };
  });
}

function common({ programme, member, currency, occurredAt }: CameBack | AccountEvent<"WaiverRecovered">) {
  return { programme, member, currency, occurredAt };
}

/** What is left of parts of which pieces were taken in order. */
function without(parts: readonly LotPart[], pieces: readonly Piece[]): LotPart[] {
  let taken = sum(pieces.map(({ part }) => part));
  return parts.map((part) => {
    const amount = min(part.amount, taken);
    taken -= amount;
    return { ...part, amount: part.amount - amount };
  });
}

function wasOut(wentOut: WentOut, waiver: Waiver): boolean {
  return "hold" in wentOut ? wentOut.hold < waiver.nextHold : wentOut.revision < waiver.revision;
}

function matched(claims: readonly Waiver[], parts: readonly LotPart[]): Piece[] {
  const pieces: Piece[] = [];
  let next = 0;
  let claimed = 0n;
  for (const part of parts) {
    let left = part.amount;
    while (left > 0n && next < claims.length) {
      const waiver = claims[next] as Waiver;
      const amount = min(left, waiver.amount - claimed);
      pieces.push({ waiver, part: { ...part, amount } });
      left -= amount;
      claimed += amount;
      if (claimed < waiver.amount) continue;
      next++;
      claimed = 0n;
    }
  }
  return pieces;
}

function perLot(parts: readonly LotPart[]): LotPart[] {
  const byLot = new Map<number, LotPart>();
  for (const part of parts) {
    byLot.set(part.lot, { ...part, amount: (byLot.get(part.lot)?.amount ?? 0n) + part.amount });
  }
  return [...byLot.values()];
}

type Return = AccountEvent<"WaiverRecovered">["returns"][number];

function perWaiver(state: AccountState, pieces: readonly Piece[]): Return[] {
  const byWaiver = new Map<number, Return>();
  for (const { waiver, part } of pieces) {
    const { no, lot, unreferenced } = waiver;
    const amount = (byWaiver.get(no)?.amount ?? 0n) + part.amount;
    byWaiver.set(no, { waiver: no, lot, source: lotOf(state, lot).source, unreferenced, amount });
  }
  return [...byWaiver.values()];
}
