/** Lines of a kind that are written in a minute; those beyond are counted. */
const WRITTEN = 100;
const MINUTE_MS = 60_000;
/** Kinds that are told apart in a minute: beyond them all others are one. */
const KINDS = 500;
const OTHERS = "others";

/** What was left out, by the label of its kind. */
type LeftOut = Readonly<Record<string, number>>;

/**
 * Keeps floods out of a log: an outage refuses thousands of requests a second, each in the same words. Of each kind the first
 * hundred of a minute are admitted, and how many were not is told when the minute is over.
 */
export class LogLimit {
  readonly #onMinute: (leftOut: LeftOut) => void;
  readonly #admitted = new Map<string, number>();
  readonly #leftOut = new Map<string, number>();
  #minute: NodeJS.Timeout | undefined;

  /** `onMinute` is called only where lines were left out. */
  constructor(onMinute: (leftOut: LeftOut) => void) {
    this.#onMinute = onMinute;
  }

  /** Whether a line of this kind is to be written; `label` is what the kind is called where it is counted. */
  admits(kind: string, label: string): boolean {
    const known = this.#admitted.size < KINDS || this.#admitted.has(kind);
    const counted = known ? kind : OTHERS;
    const before = this.#admitted.get(counted) ?? 0;
    this.#minute ??= setTimeout(() => this.#end(), MINUTE_MS).unref();
    if (before < WRITTEN) {
      this.#admitted.set(counted, before + 1);
      return true;
    }
    const named = known ? label : OTHERS;
    this.#leftOut.set(named, (this.#leftOut.get(named) ?? 0) + 1);
    return false;
  }

  #end(): void {
    this.#minute = undefined;
    this.#admitted.clear();
    if (this.#leftOut.size === 0) return;
    const leftOut = Object.fromEntries(this.#leftOut);
    this.#leftOut.clear();
    this.#onMinute(leftOut);
  }
}
