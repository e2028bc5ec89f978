import { median } from "../median.ts";
import type { Figure } from "./figures.ts";

/** What became of a figure. */
export interface Difference {
  readonly name: string;
  readonly unit: string;
  readonly before: number;
  readonly after: number;
  /** After by before. */
  readonly ratio: number;
  /** How many times dearer, or slower, it is. */
  readonly worsening: number;
  /** From the least to the most of all rounds, as a share of the most: the larger of both sides'. */
  readonly spread: number;
}

/** Of all figures that both have, the worst first; of each side the middle of its rounds. */
export function differencesOf(
  before: readonly (readonly Figure[])[],
  after: readonly (readonly Figure[])[],
): Difference[] {
  const known = valuesByKey(before);
  const compared = [...valuesByKey(after)].flatMap(([key, { figure, values }]) => {
    const earlier = known.get(key);
    return earlier === undefined ? [] : [difference(figure, earlier.values, values)];
  });
  return compared.toSorted((a, b) => b.worsening - a.worsening);
}

interface Values {
  readonly figure: Figure;
  readonly values: number[];
}

function valuesByKey(rounds: readonly (readonly Figure[])[]): Map<string, Values> {
  const found = new Map<string, Values>();
  for (const figure of rounds.flat()) {
    const key = `${figure.name} ${figure.unit}`;
    const values = found.get(key)?.values ?? [];
    values.push(figure.value);
    found.set(key, { figure, values });
  }
  return found;
}

function difference(
  { name, unit, isRate }: Figure,
  earlier: readonly number[],
  later: readonly number[],
): Difference {
  const [before, after] = [median(earlier), median(later)];
  const ratio = after / before;
  const spread = Math.max(spreadOf(earlier), spreadOf(later));
  return { name, unit, before, after, ratio, worsening: isRate ? 1 / ratio : ratio, spread };
}

function spreadOf(values: readonly number[]): number {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? 0 : (most - least) / Math.max(Math.abs(least), Math.abs(most));
}
