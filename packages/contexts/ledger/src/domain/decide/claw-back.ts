import { type Instant, max, min } from "@taem/kernel";
import type { CurrencySettings } from "@taem/programme/events";
import type { AccountEvent, LotPart } from "../../events.ts";
import type { AccountState } from "../account-state.ts";
import { free, type Lot } from "../lot.ts";
import { effectiveAt, inParts, takeAvailable } from "../taking.ts";

/**
 * Taking earned points back. What is left of the origin lot goes first, pending included; debt that it had repaid is
 * restored; what was spent or moved is recovered by policy; what had expired is forgiven.
 */

type Reversed = AccountEvent<"EarnReversed">;
type Policy = CurrencySettings["clawback"];

export interface Claw {
  readonly state: AccountState;
  readonly origins: readonly { readonly lot: Lot; readonly amount: bigint }[];
  readonly policy: Policy;
  readonly now: Instant;
  readonly occurredAt: Instant;
  readonly fields: Pick<
    Reversed,
    | "programme"
    | "member"
    | "currency"
    | "occurredAt"
    | "key"
    | "fingerprint"
    | "unreferenced"
    | "reason"
    | "refund"
  >;
  readonly unmatched: bigint;
}

/** The smallest piece of a reversal: part of one origin, at most one lot debited. Events are sums of pieces. */
interface Piece {
  readonly origin: Lot;
  readonly of: "own" | "restored" | "spent" | "expired";
  readonly amount: bigint;
  readonly by: { readonly take: Lot } | "debt" | "waiver" | "forgiveness";
}

export function claw(request: Claw): Reversed[] {
  const pieces = piecesOf(request);
  const touched = pieces.flatMap((piece) => [
    piece.origin,
    ...(typeof piece.by === "object" ? [piece.by.take] : []),
  ]);
  const debts = pieces.some((piece) => piece.by === "debt")
    ? [{ effectiveAt: request.state.debtEffectiveAt }]
    : [];
  const at = effectiveAt(request.occurredAt, [...request.origins.map((o) => o.lot), ...touched, ...debts]);
  let { book, nextWaiver } = request.state;
  return inParts(pieces, (chunk, part, first) => {
    const origins = originsOf(chunk, first ? request.origins.slice(0, 1) : []);
    for (const origin of request.policy === "within_balance" ? origins : [])
      if (origin.waived > 0n) origin.waiver = nextWaiver++;
    const takes = takesOf(chunk);
    book -= total(chunk, (piece) => typeof piece.by === "object");
    return {
      type: "EarnReversed",
      ...request.fields,
      effectiveAt: at,
      book,
      ...part,
      amount: total(chunk, () => true),
      origins,
      takes,
      debt: total(chunk, (piece) => piece.by === "debt"),
      policy: request.policy,
      issuance: issuanceOf(chunk),
      unmatched: first ? request.unmatched : 0n,
    };
  });
}

/** Own points of every origin first, so that no origin's points pay for another's while it still owes them itself. */
function piecesOf({ state, origins, policy, now }: Claw): Piece[] {
  const taken = new Map<number, bigint>();
  const splits = origins.map(({ lot, amount }) => {
    const split = splitOrigin(lot, amount, policy, now);
    taken.set(lot.no, split.own);
    return { lot, split };
  });
  return splits.flatMap(({ lot, split }) => {
    const pieces: Piece[] = [
      { origin: lot, of: "own", amount: split.own, by: { take: lot } },
      { origin: lot, of: "restored", amount: split.restored, by: "debt" },
      ...recover(state, lot, split.spent, policy, now, taken),
      { origin: lot, of: "expired", amount: split.expired, by: "forgiveness" },
    ];
    return pieces.filter((piece) => piece.amount > 0n);
  });
}

/**
 * What became of the points that a reversal asks for. What can be recovered is asked for first: all that no reversal
 * has asked for yet, but for what expired. Of what a refund has put back since, that much is not the sale's any more.
 */
function splitOrigin(lot: Lot, amount: bigint, policy: Policy, now: Instant) {
  const expired = max(0n, amount - max(0n, lot.amount - lot.reversed - (lot.expired - lot.forgiven)));
  const recoverable = amount - expired;
  const takesOwn = policy !== "only_pending" || lot.availableFrom > now;
  const own = takesOwn ? min(recoverable, free(lot)) : 0n;
  const restored = policy === "only_pending" ? 0n : min(recoverable - own, lot.repaid - lot.restored);
  return { own, restored, spent: recoverable - own - restored, expired };
}

/** Spent or moved points come out of the other available lots, then become debt, as far as the policy goes. */
function recover(
  state: AccountState,
  origin: Lot,
  spent: bigint,
  policy: Policy,
  now: Instant,
  taken: Map<number, bigint>,
): Piece[] {
  if (policy === "only_pending") return [{ origin, of: "spent", amount: spent, by: "waiver" }];
  const { takes, lots, amount } = takeAvailable(state, spent, now, taken);
  const pieces = takes.map((take, i): Piece => {
    taken.set(take.lot, (taken.get(take.lot) ?? 0n) + take.amount);
    return { origin, of: "spent", amount: take.amount, by: { take: lots[i] as Lot } };
  });
  const rest = policy === "unlimited" ? "debt" : "waiver";
  return [...pieces, { origin, of: "spent", amount: spent - amount, by: rest }];
}

function total(pieces: readonly Piece[], of: (piece: Piece) => boolean): bigint {
  return pieces.reduce((sum, piece) => (of(piece) ? sum + piece.amount : sum), 0n);
}

type Origin = Reversed["origins"][number];
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A return worth no points still names its sale: `always` stands in the event even without a piece. */
function originsOf(pieces: readonly Piece[], always: readonly { readonly lot: Lot }[]): Mutable<Origin>[] {
  const byLot = new Map<number, Mutable<Origin>>();
  const entry = (lot: Lot) => {
    const known = byLot.get(lot.no);
    if (known !== undefined) return known;
    const fresh = { lot: lot.no, amount: 0n, own: 0n, restored: 0n, spent: 0n, waived: 0n, expired: 0n };
    byLot.set(lot.no, fresh);
    return fresh;
  };
  for (const { lot } of always) entry(lot);
  for (const piece of pieces) {
    const origin = entry(piece.origin);
    origin.amount += piece.amount;
    origin[piece.of] += piece.amount;
    if (piece.by === "waiver") origin.waived += piece.amount;
  }
  return [...byLot.values()];
}

function takesOf(pieces: readonly Piece[]): LotPart[] {
  const byLot = new Map<number, LotPart>();
  for (const { by, amount } of pieces) {
    if (typeof by !== "object") continue;
    const { no, vintage } = by.take;
    byLot.set(no, { lot: no, amount: (byLot.get(no)?.amount ?? 0n) + amount, vintage });
  }
  return [...byLot.values()];
}

/** What goes back against issuance, by the source that had issued it: only what was taken or is owed. */
function issuanceOf(pieces: readonly Piece[]): Reversed["issuance"] {
  const bySource = new Map<string, bigint>();
  for (const { origin, amount, by } of pieces) {
    if (by !== "debt" && typeof by !== "object") continue;
    bySource.set(origin.source, (bySource.get(origin.source) ?? 0n) + amount);
  }
  return [...bySource].map(([source, amount]) => ({ source, amount }));
}
