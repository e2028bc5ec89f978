/**
 * Yields what a source yields, and undefined whenever nothing came for `idleMs`. Where `isAhead` says so of an item, the
 * next one is asked for before the consumer has this one, so that the source works while the consumer does. `cancel`
 * must end the source.
 */
export async function* oneAhead<T>(
  source: AsyncIterable<T>,
  idleMs: number,
  isAhead: (item: T) => boolean,
  cancel: () => void,
): AsyncGenerator<T | undefined> {
  const items = source[Symbol.asyncIterator]();
  let asked: Promise<IteratorResult<T>> | undefined;
  const ask = (): Promise<IteratorResult<T>> => {
    const next = items.next();
    // A failure is the consumer's to see when it comes to this item, not the process's.
    next.catch(() => undefined);
    return next;
  };
  try {
    for (;;) {
      asked ??= ask();
      const result = await within(idleMs, asked);
      if (result === undefined) {
        yield undefined;
        continue;
      }
      if (result.done === true) return;
      asked = isAhead(result.value) ? ask() : undefined;
      yield result.value;
    }
  } finally {
    cancel();
    await asked?.catch(() => undefined);
    await items.return?.();
  }
}

/** What a promise resolves to, undefined if it takes longer than that. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
