import { describe, test } from "vitest";

/** What some tests need and a machine may lack. */
const NEEDS = ["eventstore", "java", "kafka", "postgres"] as const;
export type Need = (typeof NEEDS)[number];

/** What was looked for, or why it cannot be had. */
export type Found<T> = { readonly found: T } | { readonly missing: string };

/**
 * Describes tests of something the machine may lack. Where it is missing, one test stands for them all, skipped with
 * the reason; where the environment's `REQUIRE` (a list: `kafka,postgres`) names the need, the file fails instead.
 */
export function describeWith<T>(name: string, need: Need, thing: Found<T>, body: (thing: T) => void): void {
  const required = parseNeeds(process.env["REQUIRE"]);
  if ("found" in thing) {
    describe(name, () => body(thing.found));
    return;
  }
  const reason = skipReason(need, thing.missing, required);
  describe(name, () => {
    test(`needs ${need}`, ({ skip }) => skip(reason));
  });
}

/** Why tests of a missing need are skipped. Throws when it is required. */
export function skipReason(need: Need, missing: string, required: readonly Need[]): string {
  if (required.includes(need)) throw new Error(`REQUIRE names ${need}, which is missing: ${missing}`);
  return `${need} is missing: ${missing}`;
}

/** Throws on a name that no test asks for: it would guard nothing. */
export function parseNeeds(list = ""): Need[] {
  const names = list.split(",").filter((name) => name !== "");
  const unknown = names.find((name) => !NEEDS.includes(name as Need));
  if (unknown === undefined) return names as Need[];
  throw new Error(`REQUIRE names ${unknown}, which no test asks for; choose from ${NEEDS.join(", ")}`);
}
