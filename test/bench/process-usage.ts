import { readdirSync, readFileSync } from "node:fs";

/** What processes use, as Linux tells in /proc. */

/** The unit of its times, the same on every Linux. */
const TICKS_PER_SECOND = 100;
/** Fields of `/proc/<pid>/stat` after the name, from 0 (proc(5) counts them from 3). */
const [PARENT, USER, SYSTEM, USER_OF_CHILDREN, SYSTEM_OF_CHILDREN] = [1, 11, 12, 13, 14];

/** Seconds of CPU. */
export function cpuOf(pid: number): number {
  return seconds(stat(pid), USER, SYSTEM);
}

/** Seconds of CPU of a process and its children, those that have ended included. */
export function cpuOfFamily(pid: number): number {
  const own = seconds(stat(pid), USER, SYSTEM, USER_OF_CHILDREN, SYSTEM_OF_CHILDREN);
  return childrenOf(pid).reduce((sum, fields) => sum + seconds(fields, USER, SYSTEM), own);
}

export function parentOf(pid: number): number {
  return Number(stat(pid)[PARENT]);
}

export interface Memory {
  /** Resident, in MB. */
  readonly now: number;
  /** The most that was resident at a time since the process began, in MB. */
  readonly peak: number;
  /** Of it pages of files, in MB: mostly Node's program, of which a machine holds one copy for all its processes. */
  readonly files: number;
}

/** Throws if the process has ended. */
export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mb = (field: string): number => {
    const kib = new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1];
    if (kib === undefined) throw new Error(`process ${pid} has ended`);
    return (Number(kib) * 1_024) / 1e6;
  };
  return { now: mb("VmRSS"), peak: mb("VmHWM"), files: mb("RssFile") };
}

function childrenOf(pid: number): string[][] {
  const found: string[][] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = stat(Number(name));
      if (Number(fields[PARENT]) === pid) found.push(fields);
    } catch {
      // It has ended since.
    }
  }
  return found;
}

function stat(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function seconds(fields: readonly string[], ...which: readonly number[]): number {
  return which.reduce((sum, field) => sum + Number(fields[field]), 0) / TICKS_PER_SECOND;
}
