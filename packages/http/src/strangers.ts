import { LRUCache } from "lru-cache";
import { siteOf } from "./networks.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Addresses that are remembered at most. */
const MAX_ADDRESSES = 10_000;
const INTERVAL_MS = 60_000;

/** Of a site that has had its share, so many are looked up at a time who were not known before. */
const MAX_LOOK_UPS = 16;

interface Site {
  readonly rate: TokenBucket;
  lookUps: number;
}

/**
 * Counts what comes from an address without a valid API key: a host's of IPv4, a network's (/64) of IPv6, since one host has all
 * of it. Those who have not failed lately are not remembered at all. Times in milliseconds of one clock.
 */
export class Strangers {
  readonly #perMinute: number;
  readonly #sites = new LRUCache<string, Site>({ max: MAX_ADDRESSES });

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /**
   * Undefined where nobody need be kept from being looked up; else the site, as much from which came lately as may. `address` is
   * asked for where anybody has failed.
   */
  suspect(address: () => string, now: number): Site | undefined {
    if (this.#sites.size === 0) return undefined;
    const site = this.#sites.get(siteOf(address()));
    return site?.rate.has(now) === false ? site : undefined;
  }

  /** Seconds until one more may come. */
  retryAfter(address: string, now: number): number {
    return (this.#sites.get(siteOf(address))?.rate.waitMs(now) ?? 0) / 1_000;
  }

  /** One came. False where that is more than may. */
  note(address: string, now: number): boolean {
    const name = siteOf(address);
    let site = this.#sites.get(name);
    if (site === undefined) {
      site = { rate: new TokenBucket(this.#perMinute, INTERVAL_MS, now), lookUps: 0 };
      this.#sites.set(name, site);
    }
    return site.rate.take(now);
  }
}

/** Whether as many of the site are looked up as may. */
export function isBusy({ lookUps }: Site): boolean {
  return lookUps >= MAX_LOOK_UPS;
}

/** Counts a look-up of the site while it lasts. */
export async function lookedUp<T>(site: Site, found: Promise<T>): Promise<T> {
  site.lookUps += 1;
  try {
    return await found;
  } finally {
    site.lookUps -= 1;
  }
}
