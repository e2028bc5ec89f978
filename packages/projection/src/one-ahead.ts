/**
 * Yields what a source yields, asking for one item ahead, so that the source works while the consumer does; and
 * undefined whenever nothing came for `idleMs`. `cancel` must end the source.
 */
export async function* oneAhead<T>(
  source: AsyncIterable<T>,
  idleMs: number,
  cancel: () => void,
): AsyncGenerator<T | undefined> {
  const items = source[Symbol.asyncIterator]();
  const ask = () => {
    const asked = items.next();
    // A failure is the consumer's to see when it comes to this item, not the process's.
    asked.catch(() => undefined);
    return asked;
  };
  let next = ask();
  try {
    for (;;) {
      const result = await within(idleMs, next);
      if (result === undefined) {
        yield undefined;
        continue;
      }
      if (result.done === true) return;
      next = ask();
      yield result.value;
    }
  } finally {
    cancel();
    await next.catch(() => undefined);
    await items.return?.();
  }
}

/** What a promise resolves to, undefined if it takes longer than that. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
