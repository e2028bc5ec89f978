/**
 * What led to a command: the id of an event and, from the second reaction on, how many lie between it and the request
 * from outside, as `id~depth`. It travels in the provenance of the command and of the events that come of it, through
 * the store and through Kafka, so that each reaction knows its depth without a look at the others.
 */

/** A command of which more reactions lead than this is parked: reactions that call each other never end. */
export const MAX_DEPTH = 8;

const DEEPER = /~([1-9]\d{0,5})$/;

/** How many reactions led to what has this causation; 0 where it came from outside. */
export function depthOf(causation: string | undefined): number {
  if (causation === undefined) return 0;
  const [, depth] = DEEPER.exec(causation) ?? [];
  return depth === undefined ? 1 : Number(depth);
}

/** The causation of a command that an event leads to, by the event's id and its own causation. */
export function causedBy(id: string, causation: string | undefined): string {
  const depth = depthOf(causation) + 1;
  return depth === 1 ? id : `${id}~${depth}`;
}
