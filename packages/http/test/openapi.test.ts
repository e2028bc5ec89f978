import { Validator } from "@seriousme/openapi-schema-validator";
import { createHealth, createLogger, createMetrics } from "@taem/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createServer, openApiDocument, publicRoute, type Route, route } from "../src/index.ts";
import { bulkEarnRoute } from "./support/bulk-route.ts";
import { earnRoute, holdRoute, lotsRoute } from "./support/sample-routes.ts";
import { type Sample, startSample } from "./support/sample-server.ts";
import { samplePermissions, sampleProblems } from "./support/sample-tables.ts";

type Json = { readonly [key: string]: Json };

const tables = { problems: sampleProblems, permissions: samplePermissions };
const info = { title: "Sample", version: "1", description: "" };

describe("the OpenAPI document", () => {
  let sample: Sample;
  let document: Json;

  beforeAll(async () => {
    sample = await startSample([earnRoute(), lotsRoute(), holdRoute(), bulkEarnRoute()]);
    document = (await (await fetch(`${sample.url}/openapi.json`)).json()) as Json;
  });
  afterAll(() => sample.server.close());

  const operation = (path: string, method: string) => document["paths"]![path]![method]!;

  it("is valid OpenAPI 3.1", async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document));
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    expect(validator.version).toBe("3.1");
  });

  it("has every route of the server, and no other", () => {
    const described = Object.entries(document["paths"]!).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = sample.server.routes.map(({ method, path }) => `${method} ${path}`);
    expect(described.toSorted()).toEqual(served.toSorted());
  });

  it("asks for a key on every route but health and the documentation", () => {
    const open = Object.entries(document["paths"]!).flatMap(([path, methods]) =>
      Object.values(methods).some(({ security }) => JSON.stringify(security) === "[]") ? [path] : [],
    );
    expect(open).toEqual([
      "/health/live",
      "/health/ready",
      "/openapi.json",
      "/docs",
      "/docs/openapi-explorer.js",
    ]);
  });

  it("names the permissions that open a route", () => {
    const lots = operation("/v1/programmes/{programme}/members/{member}/lots", "get");
    expect(lots["security"]).toEqual([{ apiKey: ["read"] }, { apiKey: ["finance"] }]);
  });

  it("says for each route which problems it answers with, under their status", () => {
    const { responses } = operation("/v1/programmes/{programme}/members/{member}/earn", "post");
    const codes = Object.entries(responses!).flatMap(([status, { content }]) => {
      const schema = content?.["application/problem+json"]?.["schema"];
      const some = (schema?.["allOf"]?.[1]?.["properties"]?.["code"]?.["enum"] ?? []) as unknown as string[];
      for (const code of some) expect(String(sampleProblems.get(code).status)).toBe(status);
      return some;
    });
    expect(codes).toEqual(
      expect.arrayContaining([
        ...["insufficient_points", "outcome_unknown", "conflicting_fields"],
        ...["unauthenticated", "forbidden", "programme_unknown", "overloaded", "internal"],
        ...["malformed_json", "truncated_json", "body_too_large", "unsupported_media_type"],
        ...["unknown_field", "amount_not_positive", "amount_too_large", "malformed_time", "malformed_id"],
      ]),
    );
    expect(codes).not.toContain("malformed_cursor");
  });

  it("describes fields by what is on the wire, with named parts as components", () => {
    const { schemas } = document["components"]!;
    expect(schemas!["Amount"]).toMatchObject({ type: "string", pattern: "^[1-9][0-9]{0,15}$" });
    expect(schemas!["Instant"]).toMatchObject({ type: "string", format: "date-time" });
    const body = operation("/v1/programmes/{programme}/members/{member}/earn", "post")["requestBody"]!;
    expect(body["content"]!["application/json"]!["schema"]).toMatchObject({
      additionalProperties: false,
      required: ["currency"],
      properties: { points: { $ref: "#/components/schemas/Amount" } },
    });
  });

  it("gives parameters their place, name and description", () => {
    const { parameters } = operation("/v1/programmes/{programme}/members/{member}/earn", "post");
    expect(parameters).toContainEqual({
      name: "Idempotency-Key",
      in: "header",
      required: false,
      description: expect.stringContaining("Key of the command"),
      schema: { $ref: "#/components/schemas/IdempotencyKey" },
    });
  });

  it("is shown by a page that needs nothing from elsewhere", async () => {
    const page = await fetch(`${sample.url}/docs`);
    const html = await page.text();
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(html).toContain('spec-url="/openapi.json"');
    expect(html).not.toMatch(/https?:/);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    const [, script] = /src="([^"]+)"/.exec(html) ?? [];
    const loaded = await fetch(sample.url + script);
    expect(loaded.status).toBe(200);
    expect(await loaded.text()).toContain("openapi-explorer");
  });
});

describe("a declaration is refused", () => {
  const answered = {
    responses: { 204: { description: "Done." } },
    handler: () => ({ status: 204 as const }),
  };
  const declared = { method: "POST", tag: "t", summary: "s", public: true, ...answered } as const;
  const logger = createLogger({ service: "sample", level: "silent" });
  const serve = (routes: readonly Route[]) => () =>
    createServer({
      info,
      routes,
      apiKeys: { verify: () => undefined },
      logger,
      metrics: createMetrics(),
      health: createHealth(),
    });

  it("whose body would let unknown fields pass, at any depth", () => {
    const nested = z.strictObject({ inner: z.object({ a: z.string() }) });
    const loose = publicRoute({ ...declared, path: "/loose", body: nested });
    expect(() => openApiDocument([loose], info, tables)).toThrow(
      "POST /loose: body lets unknown fields pass",
    );
  });

  it("whose parameters are not those of its path", () => {
    const path = "/things/{thing}" as string;
    expect(serve([publicRoute({ ...declared, path, params: {} })])).toThrow(
      "must declare the parameters of its path",
    );
  });

  it("that another one hides", () => {
    const first = publicRoute({ ...declared, path: "/things/{a}", params: { a: z.string() } });
    const second = publicRoute({ ...declared, path: "/things/{b}", params: { b: z.string() } });
    expect(serve([first, second])).toThrow("POST /things/{b} is declared twice");
  });

  it("that names a problem, or a permission, which nobody defines", () => {
    const wide = publicRoute({ ...declared, path: "/wide", problems: ["too_wide"] });
    expect(serve([wide])).toThrow("POST /wide names the problem too_wide, which nobody defines");
    const { public: _, ...closed } = declared;
    const shut = route({ ...closed, path: "/shut", permission: "fly" });
    expect(serve([shut])).toThrow("POST /shut names the permission fly, which nobody defines");
  });

  it("by the compiler, if it neither names a scope nor says that it is public", () => {
    // @ts-expect-error a scope is required
    const silent = () => route({ method: "GET", path: "/x", tag: "t", summary: "s", ...answered });
    expect(silent).toBeTypeOf("function");
  });
});
