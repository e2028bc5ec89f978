import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exitCodes } from "../src/command.ts";
import { mappingSchema } from "../src/mapping.ts";
import { ignoreReasons, rejectReasons } from "../src/reject-reasons.ts";

const readme = await readFile(join(import.meta.dirname, "../README.md"), "utf8");

/** First and second cell of the rows of the table whose first column has the name. */
function tableOf(name: string): string[][] {
  const [, table = ""] =
    readme.match(new RegExp(`^\\| ${name} \\| .*\\n\\|[ |-]*\\n((?:\\|.*\\n)+)`, "m")) ?? [];
  return [...table.matchAll(/^\| (.+?) \| (.+) \|$/gm)].map(([, first = "", second = ""]) => [first, second]);
}

describe("the documentation", () => {
  it.each([
    ["reason", rejectReasons],
    ["ignored", ignoreReasons],
  ])("tells every %s, in their order and words", (name, reasons) => {
    expect(tableOf(name)).toEqual(
      Object.entries(reasons).map(([reason, meaning]) => [`\`${reason}\``, meaning]),
    );
  });

  it("tells every exit code", () => {
    expect(tableOf("exit code").map(([code]) => Number(code))).toEqual(Object.values(exitCodes));
  });

  it("names every field of a mapping, and no other", () => {
    const named = tableOf("field").flatMap(([first = ""]) =>
      [...first.matchAll(/`([a-z]+(\.[a-z]+)?)`/g)].map(([, name]) => name),
    );
    const known = fieldsOf(mappingSchema.toJSONSchema({ io: "input", unrepresentable: "any" }) as Schema);
    expect(new Set(named)).toEqual(new Set(known));
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
