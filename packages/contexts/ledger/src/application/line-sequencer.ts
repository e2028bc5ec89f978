/**
 * Keeps the lines of one bulk request in order where order matters: lines of one account take effect as they stand,
 * lines of different accounts together. A line enters once all before it have entered (so that accounts are known by
 * id, whatever they were called), then waits for the lines before it on its own accounts.
 */
export class LineSequencer {
  /** Ends when the last line that had to wait for its accounts has entered; undefined when all have. */
  #entering: Promise<unknown> | undefined;
  /** Per account the last line of which something is still to be waited for. */
  readonly #tails = new Map<string, Promise<void>>();
  readonly #enrolments = new Map<string, Promise<unknown>>();

  /**
   * Runs `work` in its place. `accounts` may be known, or on their way. `work` calls `placed` when whatever comes next
   * on the account may follow; at the latest that is when it ends.
   */
  run<A extends object, R>(
    accounts: A | Promise<A>,
    idsOf: (accounts: A) => readonly string[],
    work: (accounts: A, placed: () => void) => Promise<R>,
  ): Promise<R> {
    if (this.#entering !== undefined || accounts instanceof Promise)
      return this.#enterLater(accounts, idsOf, work);
    const ids = idsOf(accounts);
    const before = this.#before(ids);
    return before.length === 0
      ? this.#runNow(ids, accounts, work)
      : this.#runAfter(before, ids, accounts, work);
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

  async #enterLater<A extends object, R>(
    accounts: A | Promise<A>,
    idsOf: (accounts: A) => readonly string[],
    work: (accounts: A, placed: () => void) => Promise<R>,
  ): Promise<R> {
    // It may fail while the lines before are still entering: the failure waits for its turn, and is not unheard.
    if (accounts instanceof Promise) accounts.catch(() => undefined);
    const entered = this.#enterAfter(this.#entering, accounts, idsOf, work);
    const entering = entered.then(ignore, ignore).then(() => {
      if (this.#entering === entering) this.#entering = undefined;
    });
    this.#entering = entering;
    const { result } = await entered;
    return result;
  }

  /** The work's promise in a box, so that who waits for the entry does not wait for the work. */
  async #enterAfter<A extends object, R>(
    entering: Promise<unknown> | undefined,
    accounts: A | Promise<A>,
    idsOf: (accounts: A) => readonly string[],
    work: (accounts: A, placed: () => void) => Promise<R>,
  ): Promise<{ readonly result: Promise<R> }> {
    await entering;
    const known = await accounts;
    const ids = idsOf(known);
    return { result: this.#runAfter(this.#before(ids), ids, known, work) };
  }

  async #runAfter<A, R>(
    before: readonly Promise<void>[],
    ids: readonly string[],
    accounts: A,
    work: (accounts: A, placed: () => void) => Promise<R>,
  ): Promise<R> {
    const place = this.#occupy(ids);
    try {
      await Promise.all(before);
      return await work(accounts, place);
    } finally {
      place();
    }
  }

  /** Most lines have their place by the time their work has begun, and leave nothing to wait for. */
  #runNow<A, R>(
    ids: readonly string[],
    accounts: A,
    work: (accounts: A, placed: () => void) => Promise<R>,
  ): Promise<R> {
    let isPlaced = false;
    let place = (): void => {
      isPlaced = true;
    };
    const result = work(accounts, () => place());
    if (isPlaced) return result;
    place = this.#occupy(ids);
    return result.finally(place);
  }

  #before(ids: readonly string[]): Promise<void>[] {
    return ids.flatMap((id) => this.#tails.get(id) ?? []);
  }

  /** Whoever comes next on these accounts waits until the function is called. */
  #occupy(ids: readonly string[]): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const id of ids) this.#tails.set(id, promise);
    return () => {
      resolve();
      for (const id of ids) if (this.#tails.get(id) === promise) this.#tails.delete(id);
    };
  }
}

function ignore(): void {}
