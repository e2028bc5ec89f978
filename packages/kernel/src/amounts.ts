/** Points and money: integers in minor units, always bigint. */

/** The most that one command may move, in minor units. */
export const MAX_AMOUNT = 10n ** 15n;

/** The most that an account may hold, and the most that it may owe: well within the 64 bits that amounts have. */
export const MAX_BALANCE = 10n ** 18n;

export type Rounding = "down" | "half_up" | "half_even" | "up";

export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * Rounds numerator / denominator (numerator >= 0, denominator > 0) to an integer, and says exactly what was left:
 * numerator / denominator = rounded + rest, where the rest is negative when rounded up.
 */
export function round(
  numerator: bigint,
  denominator: bigint,
  mode: Rounding,
): { rounded: bigint; rest: Rational } {
  const floor = numerator / denominator;
  const remainder = numerator % denominator;
  const rounded = roundsUp(floor, remainder, denominator, mode) ? floor + 1n : floor;
  return { rounded, rest: { numerator: numerator - rounded * denominator, denominator } };
}

function roundsUp(floor: bigint, remainder: bigint, denominator: bigint, mode: Rounding): boolean {
  const twice = 2n * remainder;
  switch (mode) {
    case "down":
      return false;
    case "up":
      return remainder > 0n;
    case "half_up":
      return twice >= denominator;
    case "half_even":
      return twice > denominator || (twice === denominator && floor % 2n === 1n);
  }
}

export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

export function sum(parts: readonly { readonly amount: bigint }[]): bigint {
  let total = 0n;
  for (const part of parts) total += part.amount;
  return total;
}
