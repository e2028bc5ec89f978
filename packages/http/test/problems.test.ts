import { describe, expect, it } from "vitest";
import { ApiError, openApiDocument, problemCodes, problems } from "../src/index.ts";
import { earnRoute, holdRoute, lotsRoute } from "./support/sample-routes.ts";

type Json = { readonly [key: string]: Json };

const info = { title: "Sample", version: "1", description: "" };
const document = openApiDocument([earnRoute(), lotsRoute(), holdRoute()], info) as unknown as Json;

const PASSING = [408, 429, 503];
const LATER: readonly string[] = ["origin_unknown", "earn_ceiling_reached", "adjustment_ceiling_reached"];

function page(): string {
  const byStatus = Map.groupBy(problemCodes, (code) => problems[code].status);
  const sections = [...byStatus]
    .toSorted(([a], [b]) => a - b)
    .map(([status, codes]) => {
      const passing = PASSING.includes(status);
      const lines = codes.toSorted().map((code) => {
        const { description, retryable } = problems[code];
        return `- \`${code}\`: ${description}${retryable && !passing ? " Retryable." : ""}`;
      });
      const repeat = passing ? "Retryable.\n\n" : "";
      return `## ${status}\n\n${repeat}${lines.join("\n")}\n`;
    });
  const head =
    "# Problems\n\nEvery code that the API can answer with, as `application/problem+json` (RFC 9457). Generated from\n" +
    "`src/problems.ts` by the tests (`vitest run packages/http -u`).\n";
  return [head, ...sections].join("\n");
}

describe("the registry of problems", () => {
  it("is the page of problems", async () => {
    await expect(page()).toMatchFileSnapshot("../problems.md");
  });

  it("is the list of codes of the OpenAPI document", () => {
    const schema = document["components"]!["schemas"]!["Problem"]!;
    expect(schema["properties"]!["code"]!["enum"]).toEqual(problemCodes);
  });

  it("has codes in snake case, statuses that are errors, and says what to do in one sentence", () => {
    for (const code of problemCodes) {
      const { status, description } = problems[code];
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(description, code).toMatch(/^[A-Z].*\.$/);
    }
  });

  it("calls retryable what has a status that says so, and what waits for another command or day", () => {
    for (const code of problemCodes) {
      const { status, retryable } = problems[code];
      expect(retryable, code).toBe(PASSING.includes(status) || LATER.includes(code));
    }
  });

  it("says when to repeat only of what passes by itself", () => {
    for (const code of problemCodes)
      expect(new ApiError(code).retryAfter, code).toBe(
        PASSING.includes(problems[code].status) ? 1 : undefined,
      );
  });
});
