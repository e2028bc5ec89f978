import { type EncodedEvent, type Field, type Fields, MAX_INTEGER } from "@taem/schema";
import { CATALOGUE } from "@taem/testing/product";
import fc from "fast-check";

/** Values and faults that follow from the descriptions themselves, so that no field can be forgotten. */

/** All that there are. */
export const { events } = CATALOGUE;

export type Event = ReturnType<typeof events.decode>;

export const eventTypes = events.names;

export const fieldsOf = (type: string): Fields =>
  events.fieldsOf(type, events.currentVersion(type)) as Fields;

const texts = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("", "แต้ม", "\u0000\u001f\u007f", '"\\/\b\f\n\r\t', "\u2028\u2029", "😂", "</script>"),
);
const amounts = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, 1n, -1n, 10n ** 15n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)),
);
const safe = fc.oneof(
  fc.integer({ min: -MAX_INTEGER, max: MAX_INTEGER }),
  fc.constantFrom(0, 1, MAX_INTEGER, -MAX_INTEGER),
);

export const metaOf = (version: number): string => `{"actor":"test","correlation":"test","v":${version}}`;

/** Every version of every event type, by type and then from the first on. */
export const versions = eventTypes.flatMap((type) => {
  const found = [];
  for (let version = 1; ; version++) {
    const fields = events.fieldsOf(type, version);
    if (fields === undefined) return found;
    found.push({ type, version, fields });
  }
});

/** An event of the current version, as a store keeps it. */
export function stored(type: string, data: string): EncodedEvent {
  return { type, data, meta: metaOf(events.currentVersion(type)) };
}

/** Any value that the description allows. */
export function anyOf(field: Field<unknown>): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case "text":
      return texts;
    case "amount":
      return amounts;
    case "instant":
    case "integer":
      return safe;
    case "flag":
      return fc.boolean();
    case "choice":
      return fc.constantFrom(...field.values);
    case "list":
      return fc.array(anyOf(field.of), { maxLength: 3 });
    case "optional":
      return anyOf(field.of);
    case "record":
      return recordOf(field.fields);
  }
}

export function recordOf(fields: Fields): fc.Arbitrary<Record<string, unknown>> {
  const values = Object.entries(fields).map(([name, field]) => [name, anyOf(field)] as const);
  const requiredKeys = Object.keys(fields).filter((name) => fields[name]?.kind !== "optional");
  return fc.record(Object.fromEntries(values), { requiredKeys, noNullPrototype: true });
}

/** Paths of the optional fields of a description, lists written as `[]`. */
export function optionalPaths(field: Field<unknown>, path = ""): string[] {
  if (field.kind === "optional") return [path, ...optionalPaths(field.of, path)];
  if (field.kind === "list") return optionalPaths(field.of, `${path}[]`);
  if (field.kind !== "record") return [];
  return Object.entries(field.fields).flatMap(([name, inner]) => optionalPaths(inner, `${path}.${name}`));
}

/** Every path that occurs in a JSON value, lists written as `[]`. */
export function pathsOf(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return [path, ...value.flatMap((item) => pathsOf(item, `${path}[]`))];
  if (value === null || typeof value !== "object") return [path];
  return [path, ...Object.entries(value).flatMap(([name, inner]) => pathsOf(inner, `${path}.${name}`))];
}

export interface Fault {
  readonly what: string;
  readonly json: unknown;
}

const NOT_A: Readonly<Record<Field<unknown>["kind"], readonly unknown[]>> = {
  text: [1, null, true, [], {}],
  amount: [
    1,
    null,
    "",
    "01",
    "+1",
    "-0",
    "1.0",
    "1e3",
    " 1",
    "1 ",
    "0x1",
    "1n",
    "--1",
    "9".repeat(32),
    String(2n ** 63n),
    String(-(2n ** 63n) - 1n),
    [],
    true,
  ],
  instant: ["1", null, 1.5, 2 ** 52, -(2 ** 52), true, [1], {}],
  integer: ["1", null, 0.1, 2 ** 52, 1e300, false, [], {}],
  flag: ["true", null, 0, 1, [], {}],
  choice: ["nothing of the kind", "", null, 0, [], {}],
  list: [{}, null, "[]", 0, true],
  optional: [],
  record: [[], null, "{}", 0, true],
};

/** Every single way in which a JSON value can fail its description, at whatever depth. */
export function faultsOf(field: Field<unknown>, value: unknown, path = ""): Fault[] {
  if (field.kind === "optional") return faultsOf(field.of, value, path);
  const wrong = NOT_A[field.kind].map((json) => ({ what: `${path} = ${JSON.stringify(json)}`, json }));
  if (field.kind === "list") {
    const [item] = value as unknown[];
    if (item === undefined) return wrong;
    const inner = faultsOf(field.of, item, `${path}[]`).map(({ what, json }) => ({
      what,
      json: [item, json],
    }));
    return [...wrong, ...inner];
  }
  return field.kind === "record" ? [...wrong, ...recordFaults(field.fields, value, path)] : wrong;
}

function recordFaults(fields: Fields, value: unknown, path: string): Fault[] {
  const whole = value as Record<string, unknown>;
  const faults: Fault[] = [
    { what: `${path}.surplus`, json: { ...whole, surplus: 1 } },
    { what: `${path}.__proto__`, json: JSON.parse(`{"__proto__":1,${JSON.stringify(whole).slice(1)}`) },
  ];
  for (const [name, field] of Object.entries(fields)) {
    if (!(name in whole)) continue;
    const { [name]: member, ...others } = whole;
    if (field.kind !== "optional") faults.push({ what: `${path}.${name} is missing`, json: others });
    for (const { what, json } of faultsOf(field, member, `${path}.${name}`)) {
      faults.push({ what, json: { ...whole, [name]: json } });
    }
  }
  return faults;
}
