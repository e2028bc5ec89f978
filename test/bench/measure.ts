import type { BenchRun } from "./bench-run.ts";
import type { Installation } from "./installation.ts";
import { generateLoad, type LoadResult, type NextRequest } from "./load-generator.ts";
import { cpuOf, cpuOfFamily } from "./process-usage.ts";
import type { ServerProcess } from "./processes.ts";
import { count } from "./report.ts";

export const CLIENTS = 64;
export const BULK_CLIENTS = 4;
export const BULK_LINES = 500;
const MOST_WARM_UP_SECONDS = 5;

export interface Measured extends LoadResult {
  /** Microseconds of CPU an answer. */
  readonly cpu: { readonly server: number; readonly postgres: number; readonly total: number };
}

/** Drives a server as fast as it goes, first without counting. */
export async function measure(
  run: BenchRun,
  server: ServerProcess,
  installation: Installation,
  next: NextRequest,
  clients = CLIENTS,
): Promise<Measured> {
  const { BENCH_SECONDS: seconds } = run.settings;
  const load = { port: server.port, clients, next };
  await generateLoad({ ...load, until: { seconds: warmUpSeconds(run) } });
  return await metered(server, installation, () => generateLoad({ ...load, until: { seconds } }));
}

/** What a load costs the server and PostgreSQL. */
export async function metered(
  { pid }: ServerProcess,
  installation: Installation,
  load: () => Promise<LoadResult>,
): Promise<Measured> {
  const postmaster = await installation.postmaster();
  const before = { server: cpuOf(pid), postgres: cpuOfFamily(postmaster) };
  const result = await load();
  const perAnswer = (cpuSeconds: number) => (cpuSeconds * 1e6) / result.answers;
  const server = perAnswer(cpuOf(pid) - before.server);
  const postgres = perAnswer(cpuOfFamily(postmaster) - before.postgres);
  return { ...result, cpu: { server, postgres, total: server + postgres } };
}

/** CPU of one of so many things in an answer, for the report. */
export function costs({ cpu }: Measured, perAnswer = 1): string {
  const micros = (each: number) => `${count(each / perAnswer)} µs`;
  return `CPU of each: server ${micros(cpu.server)}, PostgreSQL ${micros(cpu.postgres)}`;
}

export function warmUpSeconds({ settings }: BenchRun): number {
  return Math.min(MOST_WARM_UP_SECONDS, settings.BENCH_SECONDS);
}
