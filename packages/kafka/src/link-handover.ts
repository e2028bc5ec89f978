import type { Batch, Link } from "@taem/processing";

interface Offer {
  /** What has not been taken yet. */
  links: readonly Link[];
  readonly hasMore: boolean;
  readonly gone: PromiseWithResolvers<void>;
}

/** Thrown to whoever waits at a handover that has ended. */
export class HandoverClosed extends Error {}

/**
 * Where several bring links and one takes them: as many as fit at a time, and who brought them waits until the next are
 * asked for after the last of them. So nothing is fetched faster than it is taken.
 */
export class LinkHandover {
  readonly #limit: number;
  #offers: Offer[] = [];
  /** Wholly taken, and the last that were. */
  #taken: readonly Offer[] = [];
  #takes = 0;
  #arrival = Promise.withResolvers<void>();
  #end: Error | undefined;

  /** A batch holds at most so many links. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Number of the last batch that was taken. */
  get takes(): number {
    return this.#takes;
  }

  /** Resolves when the links are gone, all into batches taken by then; until then those that are not can be taken back. */
  offer({ links, hasMore }: Batch): { readonly gone: Promise<void>; withdraw(): void } {
    if (this.#end !== undefined) return { gone: Promise.reject(this.#end), withdraw: () => {} };
    const offer: Offer = { links, hasMore, gone: Promise.withResolvers() };
    this.#offers.push(offer);
    this.#arrival.resolve();
    const withdraw = () => {
      this.#offers = this.#offers.filter((other) => other !== offer);
    };
    return { gone: offer.gone.promise, withdraw };
  }

  /** The next batch; what the one before was made of is gone. Rejects when the handover has ended. */
  async take(): Promise<Batch> {
    this.#release();
    while (this.#offers.length === 0 && this.#end === undefined) {
      this.#arrival = Promise.withResolvers();
      await this.#arrival.promise;
    }
    if (this.#end !== undefined) throw this.#end;
    const links: Link[] = [];
    const taken: Offer[] = [];
    for (const offer of this.#offers) {
      const fitting = offer.links.slice(0, this.#limit - links.length);
      links.push(...fitting);
      offer.links = offer.links.slice(fitting.length);
      if (offer.links.length > 0) break;
      taken.push(offer);
    }
    this.#offers = this.#offers.slice(taken.length);
    this.#taken = taken;
    this.#takes++;
    return { links, hasMore: this.#offers.length > 0 || taken.some(({ hasMore }) => hasMore) };
  }

  /** Nothing is offered or taken from now on: both sides get the error. */
  end(error: Error): void {
    this.#end ??= error;
    this.#arrival.resolve();
    for (const { gone } of [...this.#taken, ...this.#offers]) gone.reject(error);
    this.#taken = [];
    this.#offers = [];
  }

  #release(): void {
    for (const { gone } of this.#taken) gone.resolve();
    this.#taken = [];
  }
}
