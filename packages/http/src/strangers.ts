import { LRUCache } from "lru-cache";
import { siteOf } from "./networks.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Addresses that are remembered at most. */
const MAX_ADDRESSES = 10_000;
const INTERVAL_MS = 60_000;

/**
 * Counts what comes from an address without a valid API key: a host's of IPv4, a network's (/64) of IPv6, since one host has all
 * of it. Those who have not failed lately are not remembered at all.
 */
export class Strangers {
  readonly #perMinute: number;
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: MAX_ADDRESSES });

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Whether anybody is remembered: else nobody's address need be known. */
  get hasAny(): boolean {
    return this.#buckets.size > 0;
  }

  /** Whether as much came from there lately as may. Times in milliseconds of one clock. */
  isExhausted(address: string, now: number): boolean {
    return this.#buckets.get(siteOf(address))?.has(now) === false;
  }

  /** Seconds until one more may come. */
  retryAfter(address: string, now: number): number {
    return (this.#buckets.get(siteOf(address))?.waitMs(now) ?? 0) / 1_000;
  }

  /** One came. False where that is more than may. */
  note(address: string, now: number): boolean {
    const site = siteOf(address);
    let bucket = this.#buckets.get(site);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#perMinute, INTERVAL_MS, now);
      this.#buckets.set(site, bucket);
    }
    return bucket.take(now);
  }
}
