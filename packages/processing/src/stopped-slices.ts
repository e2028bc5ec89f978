import type { Position } from "@taem/event-store";
import type { Logger } from "@taem/runtime";
import type { ProjectorMetrics } from "./projector-metrics.ts";

/** The slices of a projection that stand still, and why. */
export class StoppedSlices {
  readonly #reasons = new Map<number, string>();
  /** Those of them that go on when the log has what they are told of. */
  readonly #waiting = new Set<number>();
  readonly #metrics: Pick<ProjectorMetrics, "stopped">;
  readonly #logger: Logger;

  constructor(metrics: Pick<ProjectorMetrics, "stopped">, logger: Logger) {
    this.#metrics = metrics;
    this.#logger = logger;
  }

  /** By slice. */
  get reasons(): ReadonlyMap<number, string> {
    return this.#reasons;
  }

  /** Whether a slice stands still until a restart, whatever comes. */
  isStopped(slice: number): boolean {
    return this.#reasons.has(slice) && !this.#waiting.has(slice);
  }

  /** Until a restart: what is wrong lies in this program. */
  stop(slice: number, reason: string): void {
    this.#waiting.delete(slice);
    this.#set(slice, reason);
    this.#logger.error({ slice, reason }, "slice stopped: nothing of it is projected until a restart");
  }

  /** Until it is told of what the log has: whoever told of more has another log, or has read this one ahead of us. */
  wait(slice: number, told: Position, head: Position): void {
    if (this.#reasons.has(slice)) return;
    const reason = `it is told of an event at ${told}, but the log ends at ${head || "its start"}`;
    this.#waiting.add(slice);
    this.#set(slice, reason);
    this.#logger.error({ slice, reason }, "slice stopped: nothing of it is projected until the log is there");
  }

  /** Something of these slices was projected. */
  wentOn(slices: Iterable<number>): void {
    if (this.#waiting.size === 0) return;
    for (const slice of slices) {
      if (!this.#waiting.delete(slice)) continue;
      this.#reasons.delete(slice);
      this.#metrics.stopped(this.#reasons.size);
      this.#logger.info({ slice }, "slice goes on");
    }
  }

  #set(slice: number, reason: string): void {
    this.#reasons.set(slice, reason);
    this.#metrics.stopped(this.#reasons.size);
  }
}
