/**
 * A map whose drafts read through to their base and write only to themselves, so that drafting costs nothing however
 * large the base is. Nothing is ever removed.
 */
export class LayeredMap<K, V> {
  /** Made when something is written: most drafts leave most maps alone. */
  #own: Map<K, V> | undefined;
  readonly #base: LayeredMap<K, V> | undefined;

  constructor(base?: LayeredMap<K, V>) {
    this.#base = base;
  }

  get(key: K): V | undefined {
    const own = this.#own?.get(key);
    return own !== undefined ? own : this.#base?.get(key);
  }

  set(key: K, value: V): void {
    this.#own ??= new Map();
    this.#own.set(key, value);
  }

  draft(): LayeredMap<K, V> {
    return new LayeredMap(this);
  }

  /** The base, with this draft's entries in it. */
  commit(): LayeredMap<K, V> {
    if (this.#base === undefined) return this;
    if (this.#own !== undefined) for (const [key, value] of this.#own) this.#base.set(key, value);
    return this.#base;
  }

  *entries(): Iterable<[K, V]> {
    const own = this.#own ?? new Map<K, V>();
    if (this.#base !== undefined) {
      for (const [key, value] of this.#base.entries()) if (!own.has(key)) yield [key, value];
    }
    yield* own;
  }
}
