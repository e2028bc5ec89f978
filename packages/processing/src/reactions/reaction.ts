import type { DomainEvent } from "@taem/schema";

/** How a command is told from others, and which others it waits for. */
export interface Routing {
  /**
   * Business key: what makes the command the same one, whoever asks for it and however often. A key stands for one
   * doing: what happens every month has the month in it. Without one, the reactor's name, the event's id and the place
   * among what comes of the event are the key.
   */
  readonly key?: string;
  /** Commands of one lane are delivered one after the other; the stream of the event unless told. */
  readonly lane?: string;
}

/** Something that is to come of an event. Made by folds: no clock, no random value. `C` are the commands. */
export type Reaction<C extends DomainEvent> = Send<C> | SetTimer<C> | CancelTimer;

export interface Send<C extends DomainEvent> extends Routing {
  readonly kind: "send";
  readonly command: C;
  /** Server time before which it is not delivered, such as when the event was recorded and some seconds. */
  readonly notBefore?: number;
}

/** Set again under its key, a timer moves; as it is, it stays. What becomes due is sent under that key. */
export interface SetTimer<C extends DomainEvent> extends Routing {
  readonly kind: "set_timer";
  readonly key: string;
  /** By whose clock it becomes due, such as a programme. */
  readonly scope: string;
  /** Milliseconds since the epoch, on that clock. */
  readonly dueAt: number;
  readonly command: C;
}

/** A timer that is not set, or has become due already, is none. */
export interface CancelTimer {
  readonly kind: "cancel_timer";
  readonly key: string;
}

export function send<const C extends DomainEvent>(
  command: C,
  how: Omit<Send<C>, "kind" | "command"> = {},
): Send<C> {
  return { kind: "send", command, ...how };
}

export function setTimer<const C extends DomainEvent>(timer: Omit<SetTimer<C>, "kind">): SetTimer<C> {
  return { kind: "set_timer", ...timer };
}

export function cancelTimer(key: string): CancelTimer {
  return { kind: "cancel_timer", key };
}
