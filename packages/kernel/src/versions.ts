import type { Instant } from "./calendar.ts";

/** Who made a version that changes another, as far as its event says. */
interface Provenance {
  readonly requestedBy?: string;
  readonly approvedBy?: string;
  /** No second principal was needed. */
  readonly singleHanded?: boolean;
}

/** Definitions are versioned data: each version holds from an instant on, until one published later takes over. */
export interface Version<T> extends Provenance {
  readonly version: number;
  readonly validFrom: Instant;
  readonly value: T;
}

/** The version in force at an instant: the one published last among those valid by then. */
export function versionAt<T>(versions: readonly Version<T>[], at: Instant): Version<T> | undefined {
  return versions.findLast((version) => version.validFrom <= at);
}
