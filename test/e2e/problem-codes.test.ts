import { problemsOf } from "@taem/host";
import { contexts } from "@taem/taem-service";
import { createInstallation } from "@taem/testing/program";
import { expect, test } from "vitest";

interface Described {
  readonly paths: object;
  readonly components: {
    readonly schemas: {
      readonly Problem: { readonly properties: { readonly code: { readonly enum: unknown } } };
    };
  };
}

/** Answered before a route is found. */
const OF_NO_ROUTE = ["method_not_allowed", "route_unknown"];

test("every code that a context defines is an answer of some route, and in the document's one list", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start();
  const { paths, components } = (await program.api.get("/openapi.json")).body as unknown as Described;
  const { codes } = problemsOf(contexts);
  expect(components.schemas.Problem.properties.code.enum).toEqual(codes);
  const answered = new Set([...codesIn(paths), ...OF_NO_ROUTE]);
  expect(codes.filter((code) => !answered.has(code))).toEqual([]);
});

/** The codes that the problems of a part of the document are narrowed to. */
function codesIn(part: unknown): string[] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([name, value]) =>
    name === "code" && Array.isArray(value?.enum) ? (value.enum as string[]) : codesIn(value),
  );
}
