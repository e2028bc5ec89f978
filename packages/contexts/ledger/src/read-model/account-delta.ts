import { endOf } from "@taem/kernel";
import type { EventRecord } from "@taem/processing";
import { availableFrom, type Lot } from "../domain/index.ts";
import type { AccountEvent, LotPart, NewLot } from "../events.ts";

/** What a batch did to one lot. */
export interface LotDelta {
  /** Set when the lot began in the batch; the changes below then start from nothing. */
  readonly begun: NewLot | undefined;
  /** Of a lot that began in the batch, as the domain reads it; null = never. */
  readonly availableFrom: number;
  readonly expiresAt: number | null;
  readonly kind: Lot["kind"];
  readonly source: string;
  remaining: bigint;
  held: bigint;
  /** Latest effectiveAt of what touched it, 0 = untouched. */
  effectiveAt: number;
}

export type HoldStatus = "open" | "captured" | "voided" | "timed_out";

/** What a batch did to one hold. */
export interface HoldDelta {
  begun: AccountEvent<"HoldPlaced"> | undefined;
  amount: bigint;
  readonly takes: (readonly [lot: number, amount: string, vintage: string])[];
  captured: bigint;
  ended: { readonly status: HoldStatus; readonly at: number } | undefined;
}

export type AdjustmentStatus = "waiting" | "approved" | "rejected" | "withdrawn" | "lapsed";

/** What a batch did to one adjustment that needed a second principal. */
export interface AdjustmentDelta {
  begun:
    | {
        readonly event: AccountEvent<"AdjustmentRequested">;
        readonly position: string;
        readonly recordedAt: number;
      }
    | undefined;
  closed:
    | {
        readonly status: AdjustmentStatus;
        readonly at: number;
        /** Undefined = by time alone. */
        readonly by: string | undefined;
      }
    | undefined;
}

/**
 * What a batch of events did to one account, as differences: events name their lots and amounts, so no state is
 * needed. Mirrors the domain's `evolve`, which `verify` holds against it.
 */
export class AccountDelta {
  readonly slice: number;
  readonly programme: string;
  readonly member: string;
  readonly currency: string;
  /** Of the batch's first event of the account; 1 = the account begins in it. */
  readonly firstRevision: number;
  revision: number;
  position = "";
  /** Latest effectiveAt of the events. */
  effectiveAt = 0;
  book = 0n;
  held = 0n;
  debt = 0n;
  debtEffectiveAt = 0;
  /** What returns have waived and is taken when points come back that are out. */
  waived = 0n;
  /** Undefined = as before, null = never. */
  deadline: number | null | undefined;
  readonly lots = new Map<number, LotDelta>();
  readonly holds = new Map<number, HoldDelta>();
  readonly adjustments = new Map<number, AdjustmentDelta>();

  constructor(slice: number, firstRevision: number, event: AccountEvent) {
    this.slice = slice;
    this.firstRevision = firstRevision;
    this.revision = firstRevision;
    this.programme = event.programme;
    this.member = event.member;
    this.currency = event.currency;
  }

  add(event: AccountEvent, record: Pick<EventRecord, "position" | "recordedAt">): void {
    if (event.effectiveAt > this.effectiveAt) this.effectiveAt = event.effectiveAt;
    switch (event.type) {
      case "PointsEarned":
        this.deadline = endOrNull(event.deadline);
        return this.#begin(event.lot, "earn", event.key.system, event.effectiveAt);
      case "PointsBurned":
        this.deadline = endOrNull(event.deadline);
        return this.#change(event.takes, -1n, event.effectiveAt);
      case "HoldPlaced":
        return this.#place(event);
      case "HoldCaptured":
        this.deadline = endOrNull(event.deadline);
        this.#release(event.takes, event.effectiveAt);
        this.#end(event, "captured", event.amount);
        return this.#change(event.takes, -1n, event.effectiveAt);
      case "HoldVoided":
        return this.#end(event, "voided");
      case "HoldTimedOut":
        return this.#end(event, "timed_out");
      case "AdjustmentDebited":
        this.#approve(event);
        return this.#change(event.takes, -1n, event.effectiveAt);
      case "PointsExpired":
      case "TransferOut":
        return this.#change(event.takes, -1n, event.effectiveAt);
      case "WaiverRecovered":
        this.waived -= event.amount;
        return this.#change(event.takes, -1n, event.effectiveAt);
      case "DebtRepaid":
        this.#owe(-event.amount, event.effectiveAt);
        return this.#change(event.takes, -1n, event.effectiveAt);
      case "EarnReversed":
        return this.#reverse(event);
      case "BurnReversed":
        for (const lot of event.replacements) this.#begin(lot, "replacement", "", event.effectiveAt);
        if (event.deadline !== undefined) this.deadline = endOrNull(event.deadline);
        return this.#change(event.restored, 1n, event.effectiveAt);
      case "TransferIn":
        for (const lot of event.lots) this.#begin(lot, "transfer", "", event.effectiveAt);
        if (event.deadline !== undefined) this.deadline = endOrNull(event.deadline);
        return;
      case "TransferReturned":
        return this.#change(event.restored, 1n, event.effectiveAt);
      case "AdjustmentCredited":
        this.#approve(event);
        if (event.deadline !== undefined) this.deadline = endOrNull(event.deadline);
        return this.#begin(event.lot, "adjustment", "", event.effectiveAt);
      case "DebtWrittenOff":
        this.#approve(event);
        return this.#owe(-event.amount, event.effectiveAt);
      case "AdjustmentRequested":
        this.#adjustment(event.adjustment).begun = {
          event,
          position: record.position,
          recordedAt: record.recordedAt,
        };
        return;
      case "AdjustmentRejected":
        return this.#close(event, "rejected", event.rejectedBy);
      case "AdjustmentWithdrawn":
        return this.#close(event, "withdrawn", event.requestedBy);
      case "AdjustmentLapsed":
        return this.#close(event, "lapsed", undefined);
      case "TransferInRefused":
        return;
      default:
        event satisfies never;
        throw new Error(`no change of an account is defined for ${(event as { type: string }).type}`);
    }
  }

  #begin(lot: NewLot, kind: Lot["kind"], source: string, effectiveAt: number): void {
    this.lots.set(lot.no, {
      begun: lot,
      availableFrom: availableFrom(lot, effectiveAt),
      expiresAt: endOrNull(lot.expiresAt),
      kind,
      source,
      remaining: lot.amount,
      held: 0n,
      effectiveAt,
    });
    this.book += lot.amount;
  }

  #change(parts: readonly LotPart[], sign: bigint, effectiveAt: number): void {
    for (const { lot: no, amount } of parts) {
      const lot = this.#touch(no, effectiveAt);
      lot.remaining += sign * amount;
      this.book += sign * amount;
    }
  }

  #place(event: AccountEvent<"HoldPlaced">): void {
    const hold = this.#hold(event.hold);
    const isFirst = event.part === undefined || event.part.index === 1;
    if (isFirst) hold.begun = event;
    hold.amount += event.amount;
    for (const { lot: no, amount, vintage } of event.takes) {
      hold.takes.push([no, String(amount), vintage]);
      this.#lot(no).held += amount;
    }
    this.held += event.amount;
  }

  #release(parts: readonly LotPart[], effectiveAt: number): void {
    for (const { lot: no, amount } of parts) {
      this.#touch(no, effectiveAt).held -= amount;
      this.held -= amount;
    }
  }

  #end(
    event: AccountEvent<"HoldCaptured" | "HoldVoided" | "HoldTimedOut">,
    status: HoldStatus,
    captured = 0n,
  ): void {
    const hold = this.#hold(event.hold);
    hold.ended = { status, at: event.effectiveAt };
    hold.captured += captured;
    this.#release(event.released, event.effectiveAt);
  }

  #reverse(event: AccountEvent<"EarnReversed">): void {
    for (const origin of event.origins) this.#touch(origin.lot, event.effectiveAt);
    if (event.debt > 0n) this.#owe(event.debt, event.effectiveAt);
    for (const { waiver, waived } of event.origins) if (waiver !== undefined) this.waived += waived;
    this.#change(event.takes, -1n, event.effectiveAt);
  }

  #owe(by: bigint, effectiveAt: number): void {
    this.debt += by;
    if (effectiveAt > this.debtEffectiveAt) this.debtEffectiveAt = effectiveAt;
  }

  #touch(no: number, effectiveAt: number): LotDelta {
    const lot = this.#lot(no);
    if (effectiveAt > lot.effectiveAt) lot.effectiveAt = effectiveAt;
    return lot;
  }

  #lot(no: number): LotDelta {
    const known = this.lots.get(no);
    if (known !== undefined) return known;
    const fresh: LotDelta = {
      begun: undefined,
      availableFrom: 0,
      expiresAt: null,
      kind: "earn",
      source: "",
      remaining: 0n,
      held: 0n,
      effectiveAt: 0,
    };
    this.lots.set(no, fresh);
    return fresh;
  }

  /** What waited for nobody has no number. */
  #approve(event: AccountEvent<"AdjustmentCredited" | "AdjustmentDebited" | "DebtWrittenOff">): void {
    const { adjustment, effectiveAt, approvedBy } = event;
    if (adjustment !== undefined) this.#close({ adjustment, effectiveAt }, "approved", approvedBy);
  }

  #close(
    { adjustment, effectiveAt: at }: { readonly adjustment: number; readonly effectiveAt: number },
    status: AdjustmentStatus,
    by: string | undefined,
  ): void {
    this.#adjustment(adjustment).closed = { status, at, by };
  }

  #adjustment(no: number): AdjustmentDelta {
    const known = this.adjustments.get(no);
    if (known !== undefined) return known;
    const fresh: AdjustmentDelta = { begun: undefined, closed: undefined };
    this.adjustments.set(no, fresh);
    return fresh;
  }

  #hold(no: number): HoldDelta {
    const known = this.holds.get(no);
    if (known !== undefined) return known;
    const fresh: HoldDelta = { begun: undefined, amount: 0n, takes: [], captured: 0n, ended: undefined };
    this.holds.set(no, fresh);
    return fresh;
  }
}

/** As the domain reads it, null = never. */
function endOrNull(instant: number | undefined): number | null {
  const end = endOf(instant);
  return Number.isFinite(end) ? end : null;
}
