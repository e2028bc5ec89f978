import type { Applier } from "./applier.ts";
import type { Link } from "./event-source.ts";

/**
 * Applies links in parts by slice, at the same time: slices share no rows, and while the database works on one part,
 * this process folds another. Rejects when every part has come to its end.
 */
export async function applyInLanes(applier: Applier, links: readonly Link[], lanes: number): Promise<void> {
  const parts = Array.from({ length: lanes }, (): Link[] => []);
  for (const link of links) (parts[link.slice % lanes] as Link[]).push(link);
  const outcomes = await Promise.allSettled(
    parts.filter((part) => part.length > 0).map((part) => applier.apply(part)),
  );
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
