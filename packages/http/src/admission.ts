import type { ServerResponse } from "node:http";
import type { CounterMetric, Metrics } from "@taem/runtime";
import { LRUCache } from "lru-cache";
import { ApiError } from "./api-error.ts";
import type { Limits } from "./limits.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Clients, and programmes, that are remembered at most: of more who are busy at a time some would have more than their share. */
const MAX_SHARES = 10_000;
const SECOND_MS = 1_000;
/** Of all memory. */
const RESERVABLE = 1 / 2;

/** What a client, or a programme, has under way here. */
export interface Share {
  readonly rate: TokenBucket;
  requests: number;
  /** Lines of bulk requests. */
  lines: number;
  /** Of memory, as `Visit.keep` tells. */
  bytes: number;
}

/** Limits, as their metric calls them. */
const LIMITS = [
  "requests",
  "bytes",
  "client_requests",
  "client_rate",
  "client_bytes",
  "programme_requests",
  "programme_rate",
  "address",
] as const;
export type LimitName = (typeof LIMITS)[number];

/**
 * Who may have how much under way, so that whoever asks for more than his share is told so, and others never notice. Who is
 * sent away was done nothing for.
 */
export class Admission {
  readonly limits: Limits;
  requests = 0;
  /** Of memory: bodies, lines of bulk requests, and answers that were not read yet. */
  bytes = 0;
  /** Called when something has become less. */
  onLess: () => void = () => undefined;
  readonly #clients = new LRUCache<string, Share>({ max: MAX_SHARES });
  readonly #programmes = new LRUCache<string, Share>({ max: MAX_SHARES });
  readonly #limited: CounterMetric<"limit">;

  constructor(limits: Limits, metrics: Metrics) {
    this.limits = limits;
    this.#limited = metrics.counter({
      name: "taem_http_limited_total",
      help: "Requests that were sent away at a limit.",
      labels: ["limit"],
    });
    for (const limit of LIMITS) this.#limited.add({ limit }, 0);
  }

  /** Throws `overloaded` where the process has as much under way as it takes on. */
  enter(): Visit {
    if (this.requests >= this.limits.maxRequests) throw this.overloaded("requests");
    if (this.isFull) throw this.overloaded("bytes");
    return new Visit(this);
  }

  get isFull(): boolean {
    return this.bytes > this.limits.maxBytes;
  }

  clientOf(id: string, now: number): Share {
    return shareOf(this.#clients, id, this.limits.clientRate, now);
  }

  programmeOf(code: string, now: number): Share {
    return shareOf(this.#programmes, code, this.limits.programmeRate, now);
  }

  overloaded(limit: LimitName): ApiError {
    this.#limited.add({ limit });
    return new ApiError("overloaded");
  }

  /** `retryAfter` in seconds. */
  tooMany(limit: LimitName, detail: string, retryAfter = 1): ApiError {
    this.#limited.add({ limit });
    return new ApiError("too_many_requests", { detail, retryAfter });
  }
}

function shareOf(shares: LRUCache<string, Share>, key: string, perSecond: number, now: number): Share {
  let share = shares.get(key);
  if (share === undefined) {
    share = { rate: new TokenBucket(perSecond, SECOND_MS, now), requests: 0, lines: 0, bytes: 0 };
    shares.set(key, share);
  }
  return share;
}

/** One request, from its head until its answer is out of our hands. */
export class Visit {
  readonly #admission: Admission;
  #client: Share | undefined;
  #programme: Share | undefined;
  #kept = 0;
  #hasEnded = false;

  /** Made by `Admission.enter`. */
  constructor(admission: Admission) {
    this.#admission = admission;
    admission.requests += 1;
  }

  get client(): Share | undefined {
    return this.#client;
  }

  /** None where the path names no programme. */
  get programme(): Share | undefined {
    return this.#programme;
  }

  /**
   * Says whose it is, once that is known. Throws `too_many_requests` where the client, or the programme that the path names, has
   * its share. Times in milliseconds of one clock.
   */
  identify(client: string, programme: string | undefined, now: number): void {
    const admission = this.#admission;
    const { limits } = admission;
    const ofClient = admission.clientOf(client, now);
    const ofProgramme = programme === undefined ? undefined : admission.programmeOf(programme, now);
    if (ofClient.requests >= limits.maxClientRequests)
      throw admission.tooMany("client_requests", underWay("client", limits.maxClientRequests));
    if (ofProgramme !== undefined && ofProgramme.requests >= limits.maxProgrammeRequests)
      throw admission.tooMany("programme_requests", underWay("programme", limits.maxProgrammeRequests));
    if (ofClient.bytes + this.#kept > limits.maxClientBytes) throw this.#tooManyBytes();
    if (!ofClient.rate.has(now))
      throw admission.tooMany("client_rate", often("client", limits.clientRate), waitOf(ofClient, now));
    if (ofProgramme?.rate.take(now) === false) {
      const detail = often("programme", limits.programmeRate);
      throw admission.tooMany("programme_rate", detail, waitOf(ofProgramme, now));
    }
    ofClient.rate.take(now);
    ofClient.requests += 1;
    ofClient.bytes += this.#kept;
    if (ofProgramme !== undefined) ofProgramme.requests += 1;
    this.#client = ofClient;
    this.#programme = ofProgramme;
  }

  /** How much memory is kept for it now, in bytes. */
  keep(bytes: number): void {
    const more = bytes - this.#kept;
    if (more === 0 || this.#hasEnded) return;
    this.#kept = bytes;
    this.#admission.bytes += more;
    if (this.#client !== undefined) this.#client.bytes += more;
    if (more < 0) this.#admission.onLess();
  }

  /**
   * Keeps so much from the beginning, whoever's it is. Throws `overloaded` where that is more than there is for requests which do so:
   * they may be idle for long, and the others need something, too.
   */
  reserve(bytes: number): void {
    if (this.#admission.bytes + bytes > this.#admission.limits.maxBytes * RESERVABLE)
      throw this.#admission.overloaded("bytes");
    this.keep(bytes);
  }

  /** Whether more is kept than may be, for its client or for all. */
  get isOver(): boolean {
    return this.#admission.isFull || (this.#client?.bytes ?? 0) > this.#admission.limits.maxClientBytes;
  }

  /** What is thrown where `isOver`. */
  get excess(): ApiError {
    return this.#admission.isFull ? this.#admission.overloaded("bytes") : this.#tooManyBytes();
  }

  /** It is answered: over at once, or when its caller has read that, or left. */
  leave(response: ServerResponse): void {
    const unread = response.destroyed ? 0 : response.writableLength;
    if (unread === 0) return this.#end();
    this.keep(unread);
    response.once("close", () => this.#end());
  }

  #end(): void {
    this.keep(0);
    this.#hasEnded = true;
    this.#admission.requests -= 1;
    if (this.#client !== undefined) this.#client.requests -= 1;
    if (this.#programme !== undefined) this.#programme.requests -= 1;
  }

  #tooManyBytes(): ApiError {
    const { maxClientBytes } = this.#admission.limits;
    const detail = `The client has ${maxClientBytes} bytes under way, as much as it may: read the answers, and ask for less at a time.`;
    return this.#admission.tooMany("client_bytes", detail);
  }
}

function underWay(whose: string, most: number): string {
  return `The ${whose} has ${most} requests under way, as many as it may.`;
}

function often(whose: string, perSecond: number): string {
  return `The ${whose} may send ${perSecond} requests a second.`;
}

function waitOf({ rate }: Share, now: number): number {
  return rate.waitMs(now) / SECOND_MS;
}
