import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "./fault-schedule.ts";
import type { Role } from "./roles.ts";

/** What became of a fault. */
export interface Injected {
  readonly fault: Fault;
  /** Milliseconds since the run began when it began, and when its role was back. */
  readonly from: number;
  readonly to: number;
}

/**
 * Does every fault of a schedule at its time, or, where its role is not back yet from the one before, after that.
 * Resolves when all roles run again; rejects when one does not come back, or when the signal aborts.
 */
export async function injectFaults(
  faults: readonly Fault[],
  roles: ReadonlyMap<string, Role>,
  signal: AbortSignal,
  onFault: (injected: Injected) => void,
): Promise<void> {
  const began = performance.now();
  const since = () => performance.now() - began;
  const hurt = async ([name, own]: [string, readonly Fault[]]) => {
    const role = roles.get(name);
    if (role === undefined) throw new Error(`there is no role ${name}`);
    for (const fault of own) {
      await delay(Math.max(0, fault.at - since()), undefined, { signal });
      const from = since();
      if (fault.fault === "kill") await killAndStart(role, fault.downMs, signal);
      else await stopAndContinue(role, fault.forMs, signal);
      onFault({ fault, from, to: since() });
    }
  };
  const byRole = Map.groupBy(faults, ({ role }) => role);
  const results = await Promise.allSettled([...byRole].map(hurt));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function killAndStart(role: Role, downMs: number, signal: AbortSignal): Promise<void> {
  await role.kill();
  await delay(downMs, undefined, { signal });
  await role.start();
}

async function stopAndContinue(role: Role, forMs: number, signal: AbortSignal): Promise<void> {
  await role.pause();
  try {
    await delay(forMs, undefined, { signal });
  } finally {
    // What is stopped cannot even be ended in order.
    await role.resume();
  }
}
