import { seeded } from "@taem/testing/programme";

/** SIGKILL, and started again after a while. */
export interface Kill {
  readonly fault: "kill";
  readonly role: string;
  /** Milliseconds since the run began. */
  readonly at: number;
  /** Milliseconds until it is started again. */
  readonly downMs: number;
}

/** SIGSTOP, and SIGCONT after a while: its connections stay open, and nothing is answered. */
export interface Stop {
  readonly fault: "stop";
  readonly role: string;
  readonly at: number;
  readonly forMs: number;
}

export type Fault = Kill | Stop;

export interface ScheduleOptions {
  readonly seed: number;
  readonly roles: readonly string[];
  /** Milliseconds in which the faults begin. */
  readonly durationMs: number;
  /** In all, at least one a role. Each role is also stopped once. */
  readonly kills: number;
  /** Shortest and longest stop, in milliseconds. */
  readonly stopMs: readonly [number, number];
}

const SHORTEST_DOWN_MS = 500;
const LONGEST_DOWN_MS = 6_000;
/** What a role gets to come back in before its next fault. */
const RECOVERY_MS = 5_000;

/** Faults in the order in which they begin, a function of the options alone. Those of one role do not overlap. */
export function faultSchedule({ seed, roles, durationMs, kills, stopMs }: ScheduleOptions): Fault[] {
  if (kills < roles.length) throw new Error(`${roles.length} roles need as many kills, not ${kills}`);
  const random = seeded(seed);
  const between = (least: number, most: number) => least + random(most - least + 1);
  const evenly = (i: number, count: number, withinMs: number) =>
    Math.floor((withinMs * (i + random(1_000) / 1_000)) / count);
  const killed: Fault[] = cycles(roles, kills, random).map((role, i) => ({
    fault: "kill",
    role,
    at: evenly(i, kills, durationMs),
    downMs: between(SHORTEST_DOWN_MS, LONGEST_DOWN_MS),
  }));
  const stopped: Fault[] = cycles(roles, roles.length, random).map((role, i) => ({
    fault: "stop",
    role,
    at: evenly(i, roles.length, Math.max(0, durationMs - stopMs[1])),
    forMs: between(...stopMs),
  }));
  return apart([...killed, ...stopped].sort((a, b) => a.at - b.at));
}

/** Every role once in some order, and again in another, until there are so many. */
function cycles(roles: readonly string[], count: number, random: (bound: number) => number): string[] {
  const names: string[] = [];
  while (names.length < count) {
    const left = [...roles];
    while (left.length > 0) names.push(...left.splice(random(left.length), 1));
  }
  return names.slice(0, count);
}

/** Puts a fault off until its role has come back from the one before. */
function apart(faults: readonly Fault[]): Fault[] {
  const free = new Map<string, number>();
  const placed = faults.map((fault): Fault => {
    const at = Math.max(fault.at, free.get(fault.role) ?? 0);
    free.set(fault.role, at + (fault.fault === "kill" ? fault.downMs : fault.forMs) + RECOVERY_MS);
    return { ...fault, at };
  });
  return placed.sort((a, b) => a.at - b.at);
}

export function describeFault(fault: Fault): string {
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  const what =
    fault.fault === "kill"
      ? `SIGKILL, started again after ${seconds(fault.downMs)} s`
      : `SIGSTOP for ${seconds(fault.forMs)} s`;
  return `${seconds(fault.at).padStart(6)} s  ${fault.role.padEnd(12)} ${what}`;
}
