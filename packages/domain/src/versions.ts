import type { Instant } from "./calendar.ts";

/** Definitions are versioned data: each version holds from an instant on, until one published later takes over. */
export interface Version<T> {
  readonly version: number;
  readonly validFrom: Instant;
  readonly value: T;
}

/** The version in force at an instant: the one published last among those valid by then. */
export function versionAt<T>(versions: readonly Version<T>[], at: Instant): Version<T> | undefined {
  return versions.findLast((version) => version.validFrom <= at);
}
