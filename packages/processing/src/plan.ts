import type { Position } from "@taem/event-store";
import type { Catalogue } from "@taem/schema";
import type { Checkpoints } from "./checkpoints.ts";
import { judge, type Link, type LinkedEvent, readIn } from "./event-source.ts";

export interface Standing {
  readonly checkpoints: Checkpoints;
  /** What the reader reads. */
  readonly catalogue: Catalogue;
  /** Where the log ends, once that is known: what follows on more than it has is left out. */
  readonly end: Position | undefined;
  /** Whether a slice stands still, whatever comes. */
  readonly isStopped: (slice: number) => boolean;
}

/** What a reader does with a batch. */
export interface Plan {
  /** To be applied. */
  readonly next: readonly Link[];
  /** Slices that something is missing of, with the position up to which it is. */
  readonly gaps: Checkpoints;
  /** Slices that are told of more than the log has, with the position up to which that is. */
  readonly beyond: ReadonlyMap<number, Position>;
  /** Events that the reader would have to know, the first of each slice: nothing that follows on them is applied. */
  readonly unknown: readonly { readonly slice: number; readonly type: string; readonly position: Position }[];
}

export function planOf(links: readonly Link[], { checkpoints, catalogue, end, isStopped }: Standing): Plan {
  const at = new Map(checkpoints);
  const next: Link[] = [];
  const gaps: Checkpoints = new Map();
  const beyond = new Map<number, Position>();
  const unknown = new Map<number, Plan["unknown"][0]>();
  for (const link of links) {
    const { slice, position, previous } = link;
    if (isStopped(slice) || gaps.has(slice) || unknown.has(slice)) continue;
    const verdict = judge(link, at.get(slice) ?? "");
    if (verdict === "gap") (end === undefined || previous <= end ? gaps : beyond).set(slice, previous);
    if (verdict !== "apply") continue;
    const read = readIn(catalogue, link);
    if (read === "unknown") {
      const { type } = (link.event as LinkedEvent).record;
      unknown.set(slice, { slice, type, position });
      continue;
    }
    at.set(slice, position);
    next.push(read);
  }
  return { next, gaps, beyond, unknown: [...unknown.values()] };
}
