import { problemCodes } from "@taem/http";
import { expect, test } from "vitest";
import { createInstallation } from "../support/program.ts";

/** Answered before a route is found. */
const OF_NO_ROUTE = ["method_not_allowed", "route_unknown"];

test("every code of the registry is an answer of some route", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start();
  const { paths } = (await program.api.get("/openapi.json")).body as unknown as { readonly paths: object };
  const answered = new Set([...codesIn(paths), ...OF_NO_ROUTE]);
  expect(problemCodes.filter((code) => !answered.has(code))).toEqual([]);
});

/** The codes that the problems of a part of the document are narrowed to. */
function codesIn(part: unknown): string[] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([name, value]) =>
    name === "code" && Array.isArray(value?.enum) ? (value.enum as string[]) : codesIn(value),
  );
}
