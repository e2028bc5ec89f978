import { ApiError } from "@taem/http";

/** Reports that one programme, and one caller, has made at once. */
const PER_PROGRAMME = 4;
const PER_CALLER = 2;
/** Reports that wait for one caller at most. */
const WAITING_PER_CALLER = 16;

export interface WantedReport {
  readonly programme: string;
  readonly caller: string;
  /** How long it may wait. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

interface Waiter extends WantedReport {
  readonly start: () => void;
}

/**
 * How many reports are made at once. Only the reports of the same programme or caller are waited for: those of
 * different ones are made beside each other, a step of each in turn, so that nobody stands behind another tenant.
 */
export class ReportLimiter {
  readonly #running: WantedReport[] = [];
  readonly #waiting: Waiter[] = [];

  /** Refuses with `overloaded` what cannot begin in time. */
  async run<T>(report: WantedReport, work: () => Promise<T>): Promise<T> {
    await this.#await(report);
    try {
      return await work();
    } finally {
      this.#running.splice(this.#running.indexOf(report), 1);
      this.#startNext();
    }
  }

  #await(report: WantedReport): Promise<void> {
    if (this.#mayStart(report)) {
      this.#running.push(report);
      return Promise.resolve();
    }
    const waiting = this.#waiting.filter(({ caller }) => caller === report.caller);
    if (waiting.length >= WAITING_PER_CALLER) throw late();
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        report.signal.removeEventListener("abort", leave);
        const at = this.#waiting.indexOf(waiter);
        if (at >= 0) this.#waiting.splice(at, 1);
      };
      const leave = () => {
        end();
        reject(report.signal.reason);
      };
      const start = () => {
        end();
        this.#running.push(report);
        resolve();
      };
      const timer = setTimeout(
        () => {
          end();
          reject(late());
        },
        Math.max(0, report.waitMs),
      );
      const waiter: Waiter = { ...report, start };
      report.signal.addEventListener("abort", leave);
      this.#waiting.push(waiter);
    });
  }

  #startNext(): void {
    for (const waiter of [...this.#waiting]) if (this.#mayStart(waiter)) waiter.start();
  }

  #mayStart({ programme, caller }: WantedReport): boolean {
    return (
      this.#running.filter((one) => one.programme === programme).length < PER_PROGRAMME &&
      this.#running.filter((one) => one.caller === caller).length < PER_CALLER
    );
  }
}

function late(): ApiError {
  return new ApiError("overloaded", { detail: "other reports of this programme or caller are being made" });
}
