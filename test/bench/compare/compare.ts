import type { Report } from "../report.ts";
import type { Settings } from "../settings.ts";
import { bench, checkOut, commitNamed, hasPhase, present } from "./checkout.ts";
import { type Difference, differencesOf } from "./difference.ts";
import { type Figure, figuresOf } from "./figures.ts";

const MICRO = "micro";
const COMMANDS = "commands";

/**
 * Measures a commit and what lies here in turn, before and after, again and again, so that what disturbs the machine
 * disturbs both alike.
 */
export async function compare(
  name: string,
  report: Report,
  { BENCH_ROUNDS: rounds }: Settings,
  resources: AsyncDisposableStack,
): Promise<void> {
  const past = await checkOut(await commitNamed(name), resources);
  const isMicro = await hasPhase(past, MICRO, resources);
  if (!isMicro)
    report.note(`${past.name} has no ${MICRO}: what both have is compared, the phase ${COMMANDS}`);
  const phases = isMicro ? [MICRO, COMMANDS] : [COMMANDS];
  const [before, after]: [Figure[][], Figure[][]] = [[], []];
  for (let round = 1; round <= rounds; round++) {
    for (const [checkout, figures] of [
      [past, before],
      [present, after],
    ] as const) {
      report.note(`round ${round} of ${rounds}: ${checkout.name}`);
      figures.push(figuresOf(await bench(checkout, phases, resources)));
    }
  }
  for (const difference of differencesOf(before, after)) add(report, difference);
}

function add(report: Report, { name, unit, before, after, ratio, worsening, spread }: Difference): void {
  const isWithin = Math.abs(ratio - 1) <= spread;
  const verdict = isWithin ? "alike" : worsening > 1 ? "worse" : "better";
  const percent = `spread ${Math.round(100 * spread)} %`;
  report.add(name, `${ratio.toFixed(2)} ${verdict}`, `${shown(before)} -> ${shown(after)} ${unit}`, percent);
}

function shown(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}
