/**
 * Keeps the lines of one bulk request in order where order matters: lines of one account take effect as they stand,
 * lines of different accounts together. A line enters once all before it have entered (so that accounts are known by
 * id, whatever they were called), then waits for the lines before it on its own accounts.
 */
export class LineSequencer {
  #entering: Promise<unknown> = Promise.resolve();
  readonly #tails = new Map<string, Promise<void>>();
  readonly #enrolments = new Map<string, Promise<unknown>>();

  /**
   * Runs `work` in its place. `accounts` may start at once, it is awaited in turn. `work` calls `placed` when whatever
   * comes next on the account may follow; at the latest that is when it ends.
   */
  async run<A, R>(
    accounts: Promise<A>,
    idsOf: (accounts: A) => readonly string[],
    work: (accounts: A, placed: () => void) => Promise<R>,
  ): Promise<R> {
    const before = this.#entering;
    // It may fail while the lines before are still entering: the failure waits for its turn, and is not unheard.
    accounts.catch(() => undefined);
    const place = Promise.withResolvers<void>();
    const entered = before
      .then(() => accounts)
      .then((known) => ({ known, before: this.#enter(idsOf(known), place.promise) }));
    this.#entering = entered.catch(() => undefined);
    try {
      const { known, before: others } = await entered;
      await Promise.all(others);
      return await work(known, place.resolve);
    } finally {
      place.resolve();
    }
  }

  /** Lines that name a member by an external id wait for the enrolment of that id in the same request. */
  enrol<R>(externalId: string, enrolment: Promise<R>): Promise<R> {
    this.#enrolments.set(
      externalId,
      enrolment.catch(() => undefined),
    );
    return enrolment;
  }

  enrolled(externalId: string): Promise<unknown> | undefined {
    return this.#enrolments.get(externalId);
  }

  #enter(ids: readonly string[], placed: Promise<void>): Promise<void>[] {
    const before = ids.flatMap((id) => this.#tails.get(id) ?? []);
    for (const id of ids) this.#tails.set(id, placed);
    return before;
  }
}
