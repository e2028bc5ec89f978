import type { Link } from "@taem/projection";

interface Offer {
  readonly links: readonly Link[];
  readonly done: PromiseWithResolvers<void>;
}

/** Thrown to whoever waits at an exchange that has closed. */
export class ExchangeClosed extends Error {}

/**
 * Where several bring links and one takes them: as many offers as fit at a time, and who brought them waits until the
 * next are asked for, which says that these are done with. So nothing is fetched faster than it is taken.
 */
export class Exchange {
  readonly #limit: number;
  #offers: Offer[] = [];
  #taken: readonly Offer[] = [];
  #arrival = Promise.withResolvers<void>();
  #end: Error | undefined;

  /** A batch holds at most so many links; no offer may hold more. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves when the links are done with; until then they can be taken back, unless they are in use. */
  offer(links: readonly Link[]): { readonly done: Promise<void>; withdraw(): void } {
    if (this.#end !== undefined) return { done: Promise.reject(this.#end), withdraw: () => {} };
    const offer: Offer = { links, done: Promise.withResolvers() };
    this.#offers.push(offer);
    this.#arrival.resolve();
    const withdraw = () => {
      this.#offers = this.#offers.filter((other) => other !== offer);
    };
    return { done: offer.done.promise, withdraw };
  }

  /** The next batch, never empty; the one before is done with. Rejects when the exchange has ended. */
  async take(): Promise<readonly Link[]> {
    this.#release();
    while (this.#offers.length === 0 && this.#end === undefined) {
      this.#arrival = Promise.withResolvers();
      await this.#arrival.promise;
    }
    if (this.#end !== undefined) throw this.#end;
    let count = 0;
    let fits = 0;
    for (const { links } of this.#offers) {
      count += links.length;
      if (count > this.#limit) break;
      fits++;
    }
    this.#taken = this.#offers.splice(0, fits);
    return this.#taken.flatMap(({ links }) => links);
  }

  /** Nothing is offered or taken from now on: both sides get the error. */
  end(error: Error): void {
    this.#end ??= error;
    this.#arrival.resolve();
    for (const { done } of [...this.#taken, ...this.#offers]) done.reject(error);
    this.#taken = [];
    this.#offers = [];
  }

  #release(): void {
    for (const { done } of this.#taken) done.resolve();
    this.#taken = [];
  }
}
