import type { Provenance, TaemEvent } from "@taem/contracts";
import type { Aggregate, Appended, Step } from "./aggregate.ts";

export interface Command<S, E extends TaemEvent, R> {
  readonly aggregate: Aggregate<S, E>;
  readonly stream: string;
  readonly slice: number;
  readonly meta: Provenance;
  /** Pure; may run again on a newer state. */
  readonly decide: (state: S) => Step<S, E, R>;
  /** On the handler's clock: no retry and no waiting after it. */
  readonly deadline: number;
}

/** A command on its way, with its promise. Type parameters are erased here: a queue holds every kind. */
export interface Item {
  readonly command: Command<unknown, TaemEvent, unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (reason: unknown) => void;
  state: "queued" | "flushing" | "done";
}

/** An answer that waits for the store. */
export type Answer = {
  readonly item: Item;
  readonly answer: (appended: Appended) => unknown;
  readonly revision: number;
};
