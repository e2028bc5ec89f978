import { type MicroOptions, measureRows, type RowResult } from "../micro/rounds.ts";
import { count, type Report } from "../report.ts";

const OPTIONS: MicroOptions = { rounds: 30, roundMs: 8, warmUp: { operations: 10_000, micros: 250_000 } };

/** What single parts cost in CPU and garbage, in one process, without a server or PostgreSQL. */
export async function micro(report: Report, options = OPTIONS): Promise<void> {
  const results = await measureRows(options);
  for (const result of results) {
    addRow(report, result.name, result, `middle round + ${Math.round(100 * result.spread)} %`);
  }
  const [kit, express] = (["kit", "express"] as const).map((name) =>
    results.find((result) => result.name === name),
  ) as [RowResult, RowResult];
  addRow(report, "kit less express", {
    micros: kit.micros - express.micros,
    ratio: kit.ratio - express.ratio,
    bytes: kit.bytes - express.bytes,
  });
}

function addRow(
  report: Report,
  name: string,
  { micros, ratio, bytes }: Pick<RowResult, "micros" | "ratio" | "bytes">,
  ...beside: readonly string[]
): void {
  const units = `${ratio.toFixed(2)} times the calibration`;
  report.add(`micro: ${name}`, `${micros.toFixed(2)} µs`, units, `${count(bytes)} bytes`, ...beside);
}
