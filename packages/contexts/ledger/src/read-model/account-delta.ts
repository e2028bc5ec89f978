import { endOf } from "@taem/kernel";
import type { EventRecord } from "@taem/processing";
import {
  availableFrom,
  type ClosedAdjustment,
  debtChange,
  type Effect,
  type EndedHold,
  effectOf,
  type Lot,
} from "../domain/index.ts";
import type { AccountEvent, LotPart, NewLot } from "../events.ts";

type AnyEffect = Effect<AccountEvent>;
type Ending = NonNullable<AnyEffect["ends"]>;
type Closing = NonNullable<AnyEffect["closes"]>;

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

type HoldStatus = "open" | EndedHold["how"];

/** What a batch did to one hold. */
export interface HoldDelta {
  begun: AccountEvent<"HoldPlaced"> | undefined;
  amount: bigint;
  readonly takes: (readonly [lot: number, amount: string, vintage: string])[];
  captured: bigint;
  ended: { readonly status: HoldStatus; readonly at: number } | undefined;
}

type AdjustmentStatus = "waiting" | ClosedAdjustment["how"];

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
  /** Book balance after it, as the last event states it. */
  stated = 0n;
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
    const { effectiveAt } = event;
    if (effectiveAt > this.effectiveAt) this.effectiveAt = effectiveAt;
    const effect = effectOf(event);
    const { claims, deadline, places, ends, asks, closes } = effect;
    if (places !== undefined) this.#place(places(event));
    if (ends !== undefined) this.#end(event, effect, ends);
    if (asks !== undefined) this.#ask(asks(event), record);
    if (closes !== undefined) this.#close(event, closes);
    if (deadline !== undefined) this.#moveDeadline(deadline.at(event), deadline.unsaid);
    this.#owe(debtChange(effect, event), effectiveAt);
    if (claims !== undefined) this.waived += claims(event);
    this.#moveLots(event, effect);
  }

  #moveLots(event: AccountEvent, { begins, takes, restores, touches }: AnyEffect): void {
    const { effectiveAt } = event;
    if (begins !== undefined) {
      const source = begins.source?.(event) ?? "";
      for (const lot of begins.lots(event)) this.#begin(lot, begins.kind, source, effectiveAt);
    }
    if (touches !== undefined) for (const { lot } of touches(event)) this.#touch(lot, effectiveAt);
    if (takes !== undefined) this.#change(takes(event), -1n, effectiveAt);
    if (restores !== undefined) this.#change(restores(event), 1n, effectiveAt);
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

  /** What a capture takes was held. */
  #end(event: AccountEvent, { takes, amount }: AnyEffect, { how, hold: of }: Ending): void {
    const { hold: no, released } = of(event);
    const hold = this.#hold(no);
    hold.ended = { status: how, at: event.effectiveAt };
    if (takes !== undefined) {
      hold.captured += amount(event);
      this.#release(takes(event), event.effectiveAt);
    }
    this.#release(released, event.effectiveAt);
  }

  #moveDeadline(at: number | undefined, unsaid: "never" | "unchanged"): void {
    if (at !== undefined || unsaid === "never") this.deadline = endOrNull(at);
  }

  #owe(by: bigint, effectiveAt: number): void {
    if (by === 0n) return;
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

  #ask(
    event: AccountEvent<"AdjustmentRequested">,
    { position, recordedAt }: Pick<EventRecord, "position" | "recordedAt">,
  ): void {
    this.#adjustment(event.adjustment).begun = { event, position, recordedAt };
  }

  #close(event: AccountEvent, { how: status, adjustment, by }: Closing): void {
    const no = adjustment(event);
    if (no === undefined) return;
    this.#adjustment(no).closed = { status, at: event.effectiveAt, by: by?.(event) };
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
