import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exitCodes } from "../src/import-command.ts";
import { mappingSchema } from "../src/mapping.ts";
import { rejectReasons } from "../src/reject-reasons.ts";

const readme = await readFile(join(import.meta.dirname, "../README.md"), "utf8");

/** First and second cell of the tables' rows. */
const rows = [...readme.matchAll(/^\| (.+?) \| (.+) \|$/gm)].map(([, first = "", second = ""]) => [
  first,
  second,
]);

describe("the documentation", () => {
  it("tells every reason for which a row is rejected, in their order and words", () => {
    const told = rows.filter(([first]) => /^`[a-z]+(_[a-z]+)+`$|^`duplicate`$/.test(first as string));
    expect(told).toEqual(
      Object.entries(rejectReasons).map(([reason, meaning]) => [`\`${reason}\``, meaning]),
    );
  });

  it("tells every exit code", () => {
    const told = rows.flatMap(([first]) => (/^\d+$/.test(first as string) ? [Number(first)] : []));
    expect(told).toEqual(Object.values(exitCodes));
  });

  it("names every field of a mapping, and no other", () => {
    const named = rows.flatMap(([first = ""]) =>
      [...first.matchAll(/`([a-z]+(\.[a-z]+)?)`/g)].map(([, name]) => name),
    );
    const known = new Set(
      fieldsOf(mappingSchema.toJSONSchema({ io: "input", unrepresentable: "any" }) as Schema),
    );
    expect(new Set(named.filter((name) => name !== "duplicate"))).toEqual(known);
  });
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** Names of a mapping's fields, down to the second level; what is handed to the API as it stands is one field. */
function fieldsOf({ properties = {} }: Schema): string[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    if (name === "define" || name === "reasons") return [name];
    const alternatives = [field, ...(field.anyOf ?? []), ...(field.oneOf ?? [])];
    const inner = alternatives.flatMap((alternative) => Object.keys(alternative.properties ?? {}));
    return inner.length === 0 ? [name] : inner.map((each) => `${name}.${each}`);
  });
}
