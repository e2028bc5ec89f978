/** Tables of several contexts as one, in their order. Throws where two of them define the same name. */
export function merged<T>(
  what: string,
  tables: readonly Readonly<Record<string, T>>[],
): ReadonlyMap<string, T> {
  const all = new Map<string, T>();
  for (const [name, value] of tables.flatMap((table) => Object.entries(table))) {
    if (all.has(name)) throw new Error(`the ${what} ${name} is defined twice`);
    all.set(name, value);
  }
  return all;
}
