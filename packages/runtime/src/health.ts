/** Resolves when all is well; rejects or throws with the reason when not. */
export type HealthCheck = () => Promise<void> | void;

export interface HealthReport {
  readonly ok: boolean;
  readonly checks: Readonly<Record<string, "ok" | "failed">>;
  /** Why, by check: for the log, not for whoever asked, since reasons can name hosts and users. */
  readonly reasons: Readonly<Record<string, unknown>>;
}

/**
 * What a service says of itself. Liveness fails when only a restart helps; readiness fails while it should
 * get no work (starting, draining, a dependency away).
 */
export interface Health {
  addLiveness(name: string, check: HealthCheck): void;
  addReadiness(name: string, check: HealthCheck): void;
  live(): Promise<HealthReport>;
  ready(): Promise<HealthReport>;
  /** From now on not ready: shutdown has begun. */
  drain(): void;
}

export interface HealthOptions {
  /** A check that has not answered by then has failed, in milliseconds. */
  readonly checkLimitMs?: number;
}

export function createHealth({ checkLimitMs = 2_000 }: HealthOptions = {}): Health {
  const liveness = new Map<string, HealthCheck>();
  const readiness = new Map<string, HealthCheck>();
  return {
    addLiveness: (name, check) => add(liveness, name, check),
    addReadiness: (name, check) => add(readiness, name, check),
    live: () => report(liveness, checkLimitMs),
    ready: () => report(readiness, checkLimitMs),
    drain: () => {
      readiness.set("accepting_work", () => {
        throw new Error("the service is shutting down");
      });
    },
  };
}

function add(checks: Map<string, HealthCheck>, name: string, check: HealthCheck): void {
  if (checks.has(name)) throw new Error(`health check ${name} exists already: choose another name`);
  checks.set(name, check);
}

async function report(checks: ReadonlyMap<string, HealthCheck>, limitMs: number): Promise<HealthReport> {
  const names = [...checks.keys()];
  const outcomes = await Promise.allSettled([...checks.values()].map((check) => within(limitMs, check)));
  const results: Record<string, "ok" | "failed"> = {};
  const reasons: Record<string, unknown> = {};
  names.forEach((name, i) => {
    const outcome = outcomes[i];
    results[name] = outcome?.status === "fulfilled" ? "ok" : "failed";
    if (outcome?.status === "rejected") reasons[name] = outcome.reason;
  });
  return { ok: Object.keys(reasons).length === 0, checks: results, reasons };
}

async function within(limitMs: number, check: HealthCheck): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  try {
    await Promise.race([check(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
