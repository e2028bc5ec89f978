import type { DomainEvent, Provenance } from "@taem/schema";
import type { Aggregate, Appended, Step } from "./aggregate.ts";
import type { NewEvent } from "./event-store.ts";

/** A stream that a decision reads beside its own. */
export interface Reading<F> {
  readonly stream: string;
  /** Its states are immutable: many decisions see the same one. */
  readonly aggregate: Aggregate<F>;
}

export interface Command<S, E extends DomainEvent, R, F = undefined> {
  readonly aggregate: Aggregate<S, E>;
  readonly stream: string;
  /** Where the stream begins. One that has events lies where its first event does, whatever is said here. */
  readonly slice: number;
  /** It is decided as if the stream had no events, without a look: the store says if it has, and then it is looked at. */
  readonly expectsNew?: boolean;
  readonly meta: Provenance;
  readonly reads?: Reading<F>;
  /**
   * Pure; may run again on a newer state. `read` is the state of the stream that it reads, at least as new as the store had it
   * when the command came.
   */
  readonly decide: (state: S, read: F) => Step<S, E, R>;
  /** On the handler's clock: no retry and no waiting after it. */
  readonly deadline: number;
  /** Handed on to `onAppended`: what the caller's work is traced by. */
  readonly traceparent?: string | undefined;
}

/** The events of one command, as they went into the store. */
export interface AppendedCommand {
  readonly stream: string;
  /** Of the last of them. */
  readonly revision: number;
  /** At least one. */
  readonly events: readonly NewEvent[];
  readonly meta: Provenance;
  readonly traceparent: string | undefined;
  /** When they began to be decided, of `performance.now()`. */
  readonly startedAt: number;
}

/** A command on its way, with its promise. Type parameters are erased here: a queue holds every kind. */
export interface Item {
  readonly command: Command<unknown, DomainEvent, unknown, unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (reason: unknown) => void;
  /** Until the store has said otherwise. */
  expectsNew: boolean;
  state: "queued" | "flushing" | "done";
}

/** An answer that waits for the store. */
export type Answer = {
  readonly item: Item;
  readonly answer: (appended: Appended) => unknown;
  /** Of the stream, after the command. */
  readonly revision: number;
  /** How many events it put there: the last ones up to the revision. */
  readonly wrote: number;
};
