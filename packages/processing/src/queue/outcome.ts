/** What became of a message that was delivered. */
export type Outcome =
  /** Carried out, now or by an earlier delivery. */
  | { readonly outcome: "done" }
  /** Refused for good: recorded, and not tried again. */
  | { readonly outcome: "refused"; readonly reason: string }
  /** Not now: tried again later, and what is behind it in its lane waits. */
  | { readonly outcome: "later"; readonly reason: string; readonly afterMs?: number }
  /** Cannot be carried out: somebody has to look, and what is behind it in its lane waits. */
  | { readonly outcome: "parked"; readonly reason: string };

export function done(): Outcome {
  return { outcome: "done" };
}

export function refused(reason: string): Outcome {
  return { outcome: "refused", reason };
}

/** `afterMs` from now; unless told, longer with each attempt. */
export function later(reason: string, afterMs?: number): Outcome {
  return afterMs === undefined ? { outcome: "later", reason } : { outcome: "later", reason, afterMs };
}

export function park(reason: string): Outcome {
  return { outcome: "parked", reason };
}
