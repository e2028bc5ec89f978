import type { Chunk, Operation, PlannedLine, SimulationParameters } from "../../src/index.ts";
import { simulate } from "../../src/index.ts";

/** 500 members over the year before 20 November 2026, unless said otherwise. */
export function yearOf(parameters: Partial<SimulationParameters> = {}) {
  return simulate({ endsAt: Date.parse("2026-11-20T00:00:00+07:00"), members: 500, ...parameters });
}

export type LineOf<O extends Operation> = Extract<PlannedLine["line"], { readonly op: O }>;

export function isOp<O extends Operation>(
  op: O,
): (planned: PlannedLine) => planned is PlannedLine & { readonly line: LineOf<O> } {
  return (planned): planned is PlannedLine & { readonly line: LineOf<O> } => planned.line.op === op;
}

export function linesOf(chunks: readonly Chunk[]): PlannedLine[] {
  return chunks.flatMap(({ lines }) => lines);
}

/** Local date and hour of an instant with Bangkok's offset. */
export function localTime(instant: string): { date: string; hour: number; weekday: number } {
  const date = instant.slice(0, 10);
  return { date, hour: Number(instant.slice(11, 13)), weekday: new Date(date).getUTCDay() };
}
