/** A map that can be drafted: a draft reads through to what it was drafted from, and `commit` merges it there. */
export interface Layer<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  /** Costs nothing, however large the map is. The original stays as it is, and is not written to meanwhile. */
  draft(): Layer<K, V>;
  /** What it was drafted from, with the draft's entries in it; itself, if it is no draft. */
  commit(): Layer<K, V>;
  entries(): Iterable<[K, V]>;
}

/** A map in memory, or a draft over any layer. Nothing is ever removed. */
export class LayeredMap<K, V> implements Layer<K, V> {
  /** Made when something is written: most drafts leave most maps alone. */
  #own: Map<K, V> | undefined;
  readonly #base: Layer<K, V> | undefined;

  constructor(base?: Layer<K, V>) {
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

  draft(): Layer<K, V> {
    return new LayeredMap(this);
  }

  commit(): Layer<K, V> {
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
