import { describe, expect, it } from "vitest";
import { ApiError, fields, final, PermissionTable, ProblemTable, publicRoute } from "../src/index.ts";
import { startSample } from "./support/sample-server.ts";
import { sampleProblems } from "./support/sample-tables.ts";

const PASSING = [408, 429, 503];

/** Throws what its query names. */
const route = publicRoute({
  method: "GET",
  path: "/things/{code}",
  public: true,
  tag: "test",
  summary: "Throws",
  params: { code: fields.ruleName },
  responses: { 200: { description: "Never." } },
  handler: ({ params }) => {
    throw new ApiError<string>(params.code);
  },
});

describe("a problem that a handler throws", () => {
  it("is answered by the table of the server, whoever defines it, and says when to repeat if it passes by itself", async () => {
    await using sample = await startSample([route]);
    for (const code of sampleProblems.codes) {
      const response = await fetch(`${sample.url}/things/${code}`);
      const { status, description, retryable } = sampleProblems.get(code);
      expect([response.status, response.headers.get("retry-after")]).toEqual([
        status,
        PASSING.includes(status) ? "1" : null,
      ]);
      const problem = { type: `/problems/${code}`, code, status, retryable };
      expect(await response.json()).toMatchObject(
        code === "internal" ? problem : { ...problem, detail: description },
      );
    }
  });

  it("and that nobody defines is unexpected: the caller is told no more, and the log which it was", async () => {
    await using sample = await startSample([route]);
    const response = await fetch(`${sample.url}/things/lost_in_space`);
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ code: "internal" });
    const [line] = await sample.logged("unexpected error");
    expect(JSON.stringify(line)).toContain("lost_in_space");
  });
});

describe("tables of several contexts", () => {
  it("have no code twice, nor one of the kit's own", () => {
    const full = { card_full: final(409, "Take another card.") };
    expect(new ProblemTable(full).get("card_full").status).toBe(409);
    expect(() => new ProblemTable(full, { ...full })).toThrow("the problem card_full is defined twice");
    const own = { malformed_json: final(400, "Mend it.") };
    expect(() => new ProblemTable(own)).toThrow("the problem malformed_json is defined twice");
  });

  it("have no permission twice", () => {
    const stamp = { stamp: { allows: "stamp cards" } };
    expect(() => new PermissionTable(stamp, { ...stamp })).toThrow("the permission stamp is defined twice");
  });
});

describe("the permissions that names stand for", () => {
  const table = new PermissionTable(
    { read: { allows: "read" }, opening: { allows: "bring in", isOfAdmin: true } },
    { define: { allows: "define", isOfAdmin: true } },
  );

  it("are each once, in the order of the table, `admin` short for several", () => {
    expect(table.named(["admin", "read", "define"])).toEqual(["read", "opening", "define"]);
  });

  it("are not those of names that nobody defines", () => {
    expect(table.named(["read", "fly"])).toEqual(["read"]);
    expect([table.unknownAmong(["admin", "fly"]), table.unknownAmong(["admin"])]).toEqual(["fly", undefined]);
  });
});
