import { type Layer, LayeredMap } from "@taem/kernel";
import { amount, defineEvents, type EventIn, integer, text } from "@taem/schema";
import type { Aggregate, Step } from "./aggregate.ts";
import type { Claimant } from "./claims.ts";
import type { CommandHandler } from "./command-handler.ts";

const leg = { order: text, attempt: integer } as const;

const descriptions = {
  CounterReserved: { ...leg, asked: amount, granted: amount, limit: amount },
  CounterConfirmed: { ...leg, granted: amount },
  CounterReleased: { ...leg, granted: amount },
} as const;

/** What a counter's stream holds. Contexts put them into the categories of their counters. */
export const counterEvents = defineEvents(descriptions);

export type CounterEvent = EventIn<typeof descriptions>;

/** What takes from a counter: one attempt of an order. On the counter's own stream these two are the whole leg. */
export interface Leg {
  readonly order: string;
  /** Counts from 1. An order that was released tries again as another attempt. */
  readonly attempt: number;
}

interface Reservation {
  readonly asked: bigint;
  readonly granted: bigint;
  readonly status: "reserved" | "confirmed" | "released";
}

/** What an event makes of its leg. */
const STATUS = {
  CounterReserved: "reserved",
  CounterConfirmed: "confirmed",
  CounterReleased: "released",
} as const;

export interface CounterState {
  /** Reserved and confirmed together: what the limit is compared with. */
  taken: bigint;
  legs: Layer<string, Reservation>;
  count: number;
}

/** A counter is folded whole: a leg is permanent, so that what is sent again is told from what is new. */
export const counterAggregate: Aggregate<CounterState, CounterEvent> = {
  events: counterEvents,
  initial: () => ({ taken: 0n, legs: new LayeredMap(), count: 0 }),
  evolve(state, event) {
    const id = idOf(event);
    if (event.type === "CounterReserved") {
      const { asked, granted } = event;
      state.legs.set(id, { asked, granted, status: STATUS[event.type] });
      state.taken += granted;
      state.count++;
      return state;
    }
    const reservation = state.legs.get(id);
    if (reservation?.status !== "reserved") throw new Error(`${event.type} of ${id}, which is not reserved`);
    const status = STATUS[event.type];
    state.legs.set(id, { ...reservation, status });
    if (status === "released") state.taken -= reservation.granted;
    return state;
  },
  draft: ({ taken, legs, count }) => ({ taken, legs: legs.draft(), count }),
  commit: ({ taken, legs, count }) => ({ taken, legs: legs.commit(), count }),
  weight: ({ count }) => 200 + 200 * count,
  snapshots: {
    schema: "counter-1",
    write: (state) => Buffer.from(savedFrom(state)),
    read: (bytes) => stateFrom(JSON.parse(Buffer.from(bytes).toString()) as SavedLeg[]),
    agrees: ({ legs }, event) => legs.get(idOf(event))?.status === STATUS[event.type],
    isSame: (a, b) => savedFrom(a) === savedFrom(b),
  },
};

function savedFrom({ legs }: CounterState): string {
  const saved = [...legs.entries()].map(
    ([id, { asked, granted, status }]): SavedLeg => [id, `${asked}`, `${granted}`, status],
  );
  return JSON.stringify(saved.sort(([a], [b]) => (a < b ? -1 : 1)));
}

type SavedLeg = readonly [id: string, asked: string, granted: string, status: Reservation["status"]];

function stateFrom(saved: readonly SavedLeg[]): CounterState {
  const state: CounterState = { taken: 0n, legs: new LayeredMap(), count: saved.length };
  for (const [id, asked, granted, status] of saved) {
    const reservation = { asked: BigInt(asked), granted: BigInt(granted), status };
    state.legs.set(id, reservation);
    if (status !== "released") state.taken += reservation.granted;
  }
  return state;
}

/** Why a counter refuses. A refusal leaves nothing behind. */
export type CounterRefusalCode =
  /** Less is left than was asked for at least. */
  | "counter_exhausted"
  /** The leg was reserved with another amount. */
  | "leg_reused"
  /** The leg was released: the order tries again as another attempt. */
  | "leg_released"
  /** The leg was confirmed, and stays so. */
  | "leg_confirmed"
  /** Nothing was reserved for the leg. */
  | "leg_unknown";

export type CounterAnswer =
  | {
      readonly granted: bigint;
      /** Whether the leg stood so already: nothing was written. */
      readonly isRepeated: boolean;
    }
  | {
      readonly refused: CounterRefusalCode;
      /** What is left below the limit, where that is why. */
      readonly left?: bigint;
    };

export interface Reserve extends Leg {
  /** Above 0. */
  readonly amount: bigint;
  /** The least that is of use; all of it unless told. */
  readonly atLeast?: bigint;
  /** Of all that is taken, as it is defined when this is asked. */
  readonly limit: bigint;
}

/** The counter's stream, and the slice in which it begins. */
export interface CounterPlace {
  readonly stream: string;
  readonly slice: number;
}

type CounterStep = Step<CounterState, CounterEvent, CounterAnswer>;

/**
 * Something limited that is taken from many streams: a budget, a stock. Reserved on its own stream before whatever uses
 * it is appended elsewhere; confirmed once that stands; released once it is refused for good, by an event. Every leg ends
 * once: confirmed or released. Asked again, each answers as at first.
 */
export class Counters {
  readonly #handler: CommandHandler;

  constructor(handler: CommandHandler) {
    this.#handler = handler;
  }

  /** Takes an amount, or what is left of it, and never more than the limit, however many ask at once. */
  reserve(place: CounterPlace, wanted: Reserve, claimant: Claimant): Promise<CounterAnswer> {
    const { amount: asked, atLeast = asked } = wanted;
    if (asked <= 0n || atLeast <= 0n || atLeast > asked) {
      return Promise.reject(new RangeError(`cannot reserve at least ${atLeast} of ${asked}`));
    }
    return this.#execute(place, claimant, (state) => decideReserve(state, { ...wanted, atLeast }));
  }

  /** What was reserved is used: final. */
  confirm(place: CounterPlace, of: Leg, claimant: Claimant): Promise<CounterAnswer> {
    return this.#execute(place, claimant, (state) => decideEnd(state, of, "confirmed"));
  }

  /** What was reserved is free again. Only what was reserved, and is not confirmed, can be released. */
  release(place: CounterPlace, of: Leg, claimant: Claimant): Promise<CounterAnswer> {
    return this.#execute(place, claimant, (state) => decideEnd(state, of, "released"));
  }

  #execute(
    place: CounterPlace,
    { meta, deadline, traceparent }: Claimant,
    decide: (state: CounterState) => CounterStep,
  ): Promise<CounterAnswer> {
    return this.#handler.execute({
      aggregate: counterAggregate,
      ...place,
      meta,
      deadline,
      traceparent,
      decide,
    });
  }
}

function decideReserve(
  { taken, legs }: CounterState,
  { order, attempt, amount: asked, atLeast, limit }: Required<Reserve>,
): CounterStep {
  const known = legs.get(idOf({ order, attempt }));
  if (known?.status === "released") return refuse("leg_released");
  if (known !== undefined) return known.asked === asked ? repeat(known) : refuse("leg_reused");
  const left = limit > taken ? limit - taken : 0n;
  const granted = asked < left ? asked : left;
  if (granted < atLeast) return answer([], { refused: "counter_exhausted", left });
  const event = { type: "CounterReserved", order, attempt, asked, granted, limit } as const;
  return answer([event], { granted, isRepeated: false });
}

function decideEnd(
  { legs }: CounterState,
  { order, attempt }: Leg,
  end: "confirmed" | "released",
): CounterStep {
  const known = legs.get(idOf({ order, attempt }));
  if (known === undefined) return refuse("leg_unknown");
  if (known.status === end) return repeat(known);
  if (known.status !== "reserved") return refuse(`leg_${known.status}`);
  const type = end === "confirmed" ? "CounterConfirmed" : "CounterReleased";
  const { granted } = known;
  return answer([{ type, order, attempt, granted }], { granted, isRepeated: false });
}

function repeat({ granted }: Reservation): CounterStep {
  return answer([], { granted, isRepeated: true });
}

function refuse(refused: CounterRefusalCode): CounterStep {
  return answer([], { refused });
}

function answer(events: readonly CounterEvent[], answered: CounterAnswer): CounterStep {
  return { events, answer: () => () => answered };
}

function idOf({ order, attempt }: Leg): string {
  return `${attempt} ${order}`;
}
