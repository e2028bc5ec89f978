import { type Aggregate, CommandHandler, Counters, type EventStore, type Step } from "@taem/event-store";
import { createCatalogue, type DomainEvent, type Provenance, sliceOfStream, streamOf } from "@taem/schema";
import { done, type Outcome } from "../queue/outcome.ts";
import {
  type CardEvent,
  card,
  type StampCommand,
  type VoucherEvent,
  voucher,
  voucherKey,
} from "./stamp-cards.ts";

interface Card {
  readonly receipts: ReadonlySet<string>;
  readonly isClosed: boolean;
}

const catalogue = createCatalogue([card, voucher]);

/** States that are made anew at each event. */
function folding<S, E extends DomainEvent>(
  events: Aggregate<S, E>["events"],
  initial: S,
  evolve: (state: S, event: E) => S,
): Aggregate<S, E> {
  const same = (state: S) => state;
  return { events, initial: () => initial, evolve, draft: same, commit: same, weight: () => 500 };
}

const cardAggregate = folding<Card, CardEvent>(
  card.events,
  { receipts: new Set(), isClosed: false },
  ({ receipts, isClosed }, event) =>
    event.type === "CardClosed"
      ? { receipts, isClosed: true }
      : { receipts: new Set([...receipts, event.receipt]), isClosed },
);

/** The last event says what the voucher is. */
const voucherAggregate = folding<VoucherEvent | undefined, VoucherEvent>(
  voucher.events,
  undefined,
  (_, event) => event,
);

const FOR_EVER = Number.POSITIVE_INFINITY;

/** Who carries commands out. Every one of them may come again: it is done once. */
export class StampShop implements AsyncDisposable {
  readonly #handler: CommandHandler;
  readonly #counters: Counters;
  /** Vouchers that there are. */
  readonly #stock: bigint;
  readonly #validForMs: number;
  /** Names the counter of its vouchers, and the clock by which they expire. */
  readonly shop: string;

  constructor(
    store: EventStore,
    shop: string,
    newId: () => string,
    { stock = 1_000n, validForMs = 1_000 }: { readonly stock?: bigint; readonly validForMs?: number } = {},
  ) {
    this.shop = shop;
    this.#stock = stock;
    this.#validForMs = validForMs;
    // Nobody here has a deadline.
    this.#handler = new CommandHandler({ store, newId, now: () => 0 });
    this.#counters = new Counters(this.#handler);
  }

  giveStamp(id: string, receipt: string, meta: Provenance): Promise<void> {
    const event = { type: "StampGiven", card: id, receipt } as const;
    return this.#append(cardAggregate, streamOf(card, id), meta, ({ receipts }) =>
      receipts.has(receipt) ? [] : [event],
    );
  }

  closeCard(id: string, meta: Provenance): Promise<void> {
    const event = { type: "CardClosed", card: id } as const;
    return this.#append(cardAggregate, streamOf(card, id), meta, ({ isClosed }) => (isClosed ? [] : [event]));
  }

  useVoucher(id: string, round: number, meta: Provenance): Promise<void> {
    return this.#onIssued(id, round, meta, { type: "VoucherUsed", card: id, round });
  }

  extendVoucher(id: string, round: number, expiresAt: number, meta: Provenance): Promise<void> {
    const event = { type: "VoucherExtended", card: id, round, shop: this.shop, expiresAt } as const;
    return this.#onIssued(id, round, meta, event);
  }

  /** What the reactors send. */
  async carryOut(command: StampCommand, meta: Provenance): Promise<Outcome> {
    if (command.type === "IssueVoucher") await this.#issueVoucher(command, meta);
    else await this.#onIssued(command.card, command.round, meta, { ...command, type: "VoucherExpired" });
    return done();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#handler.close();
  }

  /** Reserves, issues or denies, confirms or releases: broken off anywhere and begun again it comes to the same end. */
  async #issueVoucher(command: Omit<StampCommand, "type">, meta: Provenance): Promise<void> {
    const { card: id, round } = command;
    const leg = { order: voucherKey(command), attempt: 1 };
    const stream = streamOf({ name: "stock" }, this.shop);
    const place = { stream, slice: sliceOfStream(catalogue, stream, {}) };
    const claimant = { meta, deadline: FOR_EVER };
    const reserved = await this.#counters.reserve(
      place,
      { ...leg, amount: 1n, limit: this.#stock },
      claimant,
    );
    const isClosed = await this.#isClosed(id, meta);
    const why = "refused" in reserved ? reserved.refused : isClosed ? "card_closed" : undefined;
    const wanted: VoucherEvent =
      why === undefined
        ? { type: "VoucherIssued", card: id, round, shop: this.shop, expiresAt: this.#validForMs }
        : { type: "VoucherDenied", card: id, round, reason: why };
    let stands: VoucherEvent = wanted;
    await this.#append(voucherAggregate, streamOf(voucher, id, round), meta, (state) => {
      stands = state ?? wanted;
      return state === undefined ? [wanted] : [];
    });
    if (stands.type !== "VoucherDenied") await this.#counters.confirm(place, leg, claimant);
    else if ("granted" in reserved) await this.#counters.release(place, leg, claimant);
  }

  async #isClosed(id: string, meta: Provenance): Promise<boolean> {
    let isClosed = false;
    await this.#append(cardAggregate, streamOf(card, id), meta, (state) => {
      isClosed = state.isClosed;
      return [];
    });
    return isClosed;
  }

  #onIssued(id: string, round: number, meta: Provenance, event: VoucherEvent): Promise<void> {
    return this.#append(voucherAggregate, streamOf(voucher, id, round), meta, (state) =>
      state?.type === "VoucherIssued" || state?.type === "VoucherExtended" ? [event] : [],
    );
  }

  #append<S, E extends DomainEvent>(
    aggregate: Aggregate<S, E>,
    stream: string,
    meta: Provenance,
    decide: (state: S) => readonly E[],
  ): Promise<void> {
    const step = (state: S): Step<S, E, void> => ({ events: decide(state), answer: () => () => undefined });
    const slice = sliceOfStream(catalogue, stream, {});
    return this.#handler.execute({ aggregate, stream, slice, meta, deadline: FOR_EVER, decide: step });
  }
}
