import { problemsOf } from "@taem/host";
import { contexts } from "@taem/taem-service";
import { expect, test } from "vitest";

const problems = problemsOf(contexts);
const { codes } = problems;

const PASSING = [408, 429, 503];
const LATER: readonly string[] = [
  "origin_unknown",
  "earn_ceiling_reached",
  "adjustment_ceiling_reached",
  "stream_damaged",
];

function page(): string {
  const byStatus = Map.groupBy(codes, (code) => problems.get(code).status);
  const sections = [...byStatus]
    .toSorted(([a], [b]) => a - b)
    .map(([status, some]) => {
      const passing = PASSING.includes(status);
      const lines = some.toSorted().map((code) => {
        const { description, retryable } = problems.get(code);
        return `- \`${code}\`: ${description}${retryable && !passing ? " Retryable." : ""}`;
      });
      const repeat = passing ? "Retryable.\n\n" : "";
      return `## ${status}\n\n${repeat}${lines.join("\n")}\n`;
    });
  const head =
    "# Problems\n\nEvery code that the API can answer with, as `application/problem+json` (RFC 9457). Generated from the tables of\n" +
    "all contexts by a test (`vitest run test/contract/problems.test.ts -u`).\n";
  return [head, ...sections].join("\n");
}

test("the problems of all contexts are the page of problems", async () => {
  await expect(page()).toMatchFileSnapshot("../../services/taem/problems.md");
});

test("a code is in snake case, its status an error, and it says what to do in one sentence", () => {
  for (const code of codes) {
    const { status, description } = problems.get(code);
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(description, code).toMatch(/^[A-Z].*\.$/);
  }
});

test("retryable is what has a status that says so, and what waits for another command or day", () => {
  for (const code of codes) {
    const { status, retryable } = problems.get(code);
    expect(retryable, code).toBe(PASSING.includes(status) || LATER.includes(code));
  }
});
