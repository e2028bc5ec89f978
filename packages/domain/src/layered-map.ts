/**
 * A map whose drafts read through to their base and write only to themselves, so that drafting costs nothing however
 * large the base is. Nothing is ever removed.
 */
export class LayeredMap<K, V> {
  readonly #own = new Map<K, V>();
  readonly #base: LayeredMap<K, V> | undefined;

  constructor(base?: LayeredMap<K, V>) {
    this.#base = base;
  }

  get(key: K): V | undefined {
    const own = this.#own.get(key);
    return own !== undefined ? own : this.#base?.get(key);
  }

  set(key: K, value: V): void {
    this.#own.set(key, value);
  }

  draft(): LayeredMap<K, V> {
    return new LayeredMap(this);
  }

  /** The base, with this draft's entries in it. */
  commit(): LayeredMap<K, V> {
    if (this.#base === undefined) return this;
    for (const [key, value] of this.#own) this.#base.#own.set(key, value);
    return this.#base;
  }

  *entries(): Iterable<[K, V]> {
    if (this.#base === undefined) {
      yield* this.#own;
      return;
    }
    for (const [key, value] of this.#base.entries()) if (!this.#own.has(key)) yield [key, value];
    yield* this.#own;
  }
}
