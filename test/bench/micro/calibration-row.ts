/** About a microsecond on an idle machine of the kind that this was written on. */
const STEPS = 500;

let state = 1;

/** Arithmetic in registers, the same on every version of the product: its time is the unit of the others. */
export function calibration(operations: number): void {
  for (let i = 0; i < operations; i++) state = mixed(state);
}

/** A function of its own, so that it is compiled whole and not while one loop that never ends is under way. */
function mixed(seed: number): number {
  let value = seed;
  for (let i = 0; i < STEPS; i++) value = (Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) + i) | 0;
  return value;
}
