import type { Processes } from "./processes.ts";
import type { Progress } from "./progress.ts";
import type { Report } from "./report.ts";
import type { Settings } from "./settings.ts";

/** What every phase is given. */
export interface BenchRun {
  readonly settings: Settings;
  readonly report: Report;
  readonly progress: Progress;
  readonly processes: Processes;
  /** Ended with the run, whatever ends it. */
  readonly resources: AsyncDisposableStack;
  /** Of the PostgreSQL server; each phase makes databases of its own in it. */
  readonly postgresUrl: string;
}
