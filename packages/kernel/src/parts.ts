/** Which part of a large effect an event is, counted from 1. */
export interface Part {
  readonly index: number;
  readonly count: number;
}

/** Of how many events the effect is that an event begins or belongs to. */
export function partsOf(event: { readonly type: string; readonly part?: Part } | undefined): number {
  return event?.part?.count ?? 1;
}

/**
 * Splits a large effect into events of at most `size` items each; `part` numbers them where there is more than one. An
 * effect of nothing is one event. They are appended together: all of them or none.
 */
export function inParts<T, E>(
  items: readonly T[],
  size: number,
  build: (chunk: readonly T[], part: { readonly part?: Part }, isFirst: boolean) => E,
): E[] {
  const count = Math.max(1, Math.ceil(items.length / size));
  return Array.from({ length: count }, (_, i) => {
    const chunk = items.slice(i * size, (i + 1) * size);
    return build(chunk, count === 1 ? {} : { part: { index: i + 1, count } }, i === 0);
  });
}
