import type { Link } from "./event-source.ts";

/**
 * Splits links by slice into parts that can be applied at the same time: slices share no rows, and while the database
 * works on one part, this process folds another.
 */
export function lanesOf(links: readonly Link[], lanes: number): Link[][] {
  const parts = Array.from({ length: lanes }, (): Link[] => []);
  for (const link of links) (parts[link.slice % lanes] as Link[]).push(link);
  return parts.filter((part) => part.length > 0);
}
