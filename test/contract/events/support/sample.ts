import type { Field, Fields } from "@taem/schema";

/** One plain value of a description, the same each time: with every optional field, or with none. */
export function sampleOf(fields: Fields, optionals: boolean): Record<string, unknown> {
  let counter = 0;
  const sample = (field: Field<unknown>, name: string): unknown => {
    switch (field.kind) {
      case "text":
        return `${name} ${++counter}`;
      case "amount":
        return BigInt(1_000 + ++counter);
      case "instant":
        return 1_772_427_600_000 + ++counter;
      case "integer":
        return ++counter;
      case "flag":
        return true;
      case "choice":
        return field.values[0];
      case "list":
        return [sample(field.of, name), sample(field.of, name)];
      case "optional":
        return sample(field.of, name);
      case "record":
        return members(field.fields);
    }
  };
  const members = (described: Fields): Record<string, unknown> => {
    const kept = Object.entries(described).filter(([, field]) => optionals || field.kind !== "optional");
    return Object.fromEntries(kept.map(([name, field]) => [name, sample(field, name)]));
  };
  return members(fields);
}
