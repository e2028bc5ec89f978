import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OwnProblem } from "../src/index.ts";
import { earnRoute, holdRoute, lotsRoute } from "./support/sample-routes.ts";
import { type Sample, startSample } from "./support/sample-server.ts";
import { sampleProblems } from "./support/sample-tables.ts";

const EARN = "/v1/programmes/the-1/members/ext:C-1/earn";
const LOTS = "/v1/programmes/the-1/members/ext:C-1/lots";
const GOOD = { points: "10", currency: "POINT", source: { system: "pos", id: "R-1" } };
const LIMIT = 2_000;

let sample: Sample;
let token: string;
let handled = 0;

beforeAll(async () => {
  const seen = () => {
    handled += 1;
  };
  sample = await startSample([earnRoute(seen), lotsRoute(seen), holdRoute()], { maxBodyBytes: LIMIT });
  token = sample.token();
});
afterAll(() => sample.server.close());

interface Problem {
  readonly code: string;
  readonly status: number;
  readonly errors?: readonly { in: string; pointer: string; code: string }[];
}

async function call(
  method: string,
  path: string,
  body?: string | Uint8Array,
  headers: Record<string, string> = {},
) {
  const response = await fetch(sample.url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: body as string }),
  });
  return { response, problem: (await response.json()) as Problem };
}

/** The code, and the fault of the field where there is one. */
type Row = readonly [name: string, body: unknown, code: OwnProblem, pointer?: string];

const bodies: readonly Row[] = [
  ["an unknown field", { ...GOOD, bonus: 1 }, "unknown_field", "/bonus"],
  ["an unknown nested field", { ...GOOD, source: { ...GOOD.source, x: 1 } }, "unknown_field", "/source/x"],
  [
    "a field named __proto__",
    '{"points":"10","currency":"POINT","__proto__":{"a":1}}',
    "unknown_field",
    "/__proto__",
  ],
  ["a negative amount", { ...GOOD, points: "-5" }, "amount_not_positive", "/points"],
  ["an amount of zero", { ...GOOD, points: "0" }, "amount_not_positive", "/points"],
  ["an amount above 10^15", { ...GOOD, points: "1000000000000001" }, "amount_too_large", "/points"],
  ["an amount of 900 digits", { ...GOOD, points: "9".repeat(900) }, "amount_too_large", "/points"],
  ["an amount as a number", { ...GOOD, points: 10 }, "wrong_type", "/points"],
  ["an amount with a fraction", { ...GOOD, points: "1.5" }, "malformed_amount", "/points"],
  ["an amount in exponent form", { ...GOOD, points: "1e3" }, "malformed_amount", "/points"],
  ["an amount with a leading zero", { ...GOOD, points: "010" }, "malformed_amount", "/points"],
  ["an amount with a plus sign", { ...GOOD, points: "+10" }, "malformed_amount", "/points"],
  ["an empty amount", { ...GOOD, points: "" }, "malformed_amount", "/points"],
  ["an amount in Thai digits", { ...GOOD, points: "๑๐" }, "malformed_amount", "/points"],
  ["a null amount", { ...GOOD, points: null }, "wrong_type", "/points"],
  ["a currency in lower case", { ...GOOD, currency: "point" }, "malformed_currency", "/currency"],
  ["a missing currency", { points: "10" }, "missing_field", "/currency"],
  ["a time without offset", { ...GOOD, occurredAt: "2026-11-05T10:00:00" }, "malformed_time", "/occurredAt"],
  [
    "a day that does not exist",
    { ...GOOD, occurredAt: "2026-02-30T10:00:00Z" },
    "malformed_time",
    "/occurredAt",
  ],
  ["a time as a number", { ...GOOD, occurredAt: 1_762_311_600 }, "wrong_type", "/occurredAt"],
  [
    "a source id with a line break",
    { ...GOOD, source: { system: "pos", id: "a\nb" } },
    "malformed_id",
    "/source/id",
  ],
  [
    "a source id with a zero byte",
    { ...GOOD, source: { system: "pos", id: "a\0b" } },
    "malformed_id",
    "/source/id",
  ],
  [
    "a source id with half a surrogate",
    '{"points":"1","currency":"POINT","source":{"system":"pos","id":"\\ud800"}}',
    "malformed_id",
    "/source/id",
  ],
  [
    "a source id too long",
    { ...GOOD, source: { system: "pos", id: "a".repeat(201) } },
    "malformed_id",
    "/source/id",
  ],
  ["an empty source id", { ...GOOD, source: { system: "pos", id: "" } }, "malformed_id", "/source/id"],
  [
    "a source system in capitals",
    { ...GOOD, source: { system: "POS", id: "1" } },
    "malformed_id",
    "/source/system",
  ],
  ["a source as a list", { ...GOOD, source: [] }, "wrong_type", "/source"],
  ["a value outside its list", { ...GOOD, channel: "fax" }, "value_not_allowed", "/channel"],
  ["a list too long", { ...GOOD, tags: ["a", "b", "c"] }, "value_out_of_range", "/tags"],
  ["a wrong item of a list", { ...GOOD, tags: ["a", 2] }, "wrong_type", "/tags/1"],
  [
    "two fields of which one is meant",
    { ...GOOD, spend: { amount: "5", rule: "base" } },
    "conflicting_fields",
    "",
  ],
  ["several faults at once", { points: "-1", currency: "x", y: 1 }, "validation_failed"],
  ["a list as the body", [], "wrong_type", ""],
  ["a string as the body", '"earn"', "wrong_type", ""],
  ["null as the body", "null", "wrong_type", ""],
  ["text that is not JSON", "points=10", "malformed_json"],
  ["JSON with a trailing comma", '{"points":"10",}', "malformed_json"],
  ["two JSON documents", "{}{}", "malformed_json"],
  ["a field given twice", '{"points":"10","currency":"POINT","points":"11"}', "repeated_field"],
  [
    "a field given twice, once escaped",
    '{"points":"10","currency":"POINT","p\\u006fints":"11"}',
    "repeated_field",
  ],
  [
    "a nested field given twice",
    '{"points":"10","currency":"POINT","source":{"system":"pos","id":"1","id":"1"}}',
    "repeated_field",
  ],
  ["JSON cut off within an object", '{"points":"10","currency":"POI', "truncated_json"],
  ["JSON cut off after a comma", '{"points":"10",', "truncated_json"],
  ["JSON cut off after a value", '{"points":"10"', "truncated_json"],
  ["JSON cut off within a literal", '{"points":tr', "truncated_json"],
  ["a body over the limit", { ...GOOD, tags: ["x".repeat(LIMIT)] }, "body_too_large"],
  ["JSON nested deeply", "[".repeat(900) + "]".repeat(900), "wrong_type", ""],
];

describe("a body is refused with its own code, and the handler never runs:", () => {
  it.each(bodies.map(([name, ...row]) => ({ name, row })))(
    "$name",
    async ({ row: [body, code, pointer] }) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const { response, problem } = await call("POST", EARN, text);
      expect({ status: response.status, code: problem.code }).toEqual({
        status: sampleProblems.get(code).status,
        code,
      });
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      expect(problem.status).toBe(response.status);
      if (pointer !== undefined)
        expect(problem.errors).toEqual([expect.objectContaining({ in: "body", pointer, code })]);
      expect(handled).toBe(0);
    },
  );

  it("bytes that are not UTF-8", async () => {
    const { problem } = await call("POST", EARN, Uint8Array.from([0x7b, 0xff, 0x7d]));
    expect(problem.code).toBe("malformed_json");
  });

  it("no body at all", async () => {
    expect((await call("POST", EARN)).problem.code).toBe("body_required");
  });

  it("a body over the limit whose length is not announced", async () => {
    const chunk = new TextEncoder().encode("x".repeat(1_000));
    const stream = new ReadableStream({
      start: (controller) => {
        for (let i = 0; i < 5; i++) controller.enqueue(chunk);
        controller.close();
      },
    });
    const response = await fetch(sample.url + EARN, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: stream,
      duplex: "half",
    } as RequestInit);
    expect(((await response.json()) as Problem).code).toBe("body_too_large");
  });

  it.each([
    ["another media type", { "content-type": "text/plain" }],
    ["another character set", { "content-type": "application/json; charset=utf-16" }],
    ["a compressed body", { "content-encoding": "gzip" }],
  ])("%s", async (_name, headers) => {
    const { response, problem } = await call("POST", EARN, JSON.stringify(GOOD), headers);
    expect({ status: response.status, code: problem.code }).toEqual({
      status: 415,
      code: "unsupported_media_type",
    });
  });

  it("several faults, each listed with its own code", async () => {
    const { problem } = await call("POST", EARN, JSON.stringify({ points: "-1", currency: "x", y: 1 }));
    expect(problem.errors?.map(({ pointer, code }) => [pointer, code])).toEqual([
      ["/points", "amount_not_positive"],
      ["/currency", "malformed_currency"],
      ["/y", "unknown_field"],
    ]);
  });

  it("more faults than are worth listing", async () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, 1]));
    const { problem } = await call("POST", EARN, JSON.stringify({ ...GOOD, ...many }));
    expect(problem.errors).toHaveLength(20);
  });
});

describe("the rest of a request is refused with its own code:", () => {
  const requests: readonly (readonly [string, string, string, OwnProblem, string?])[] = [
    ["an unknown query parameter", "GET", `${LOTS}?currency=POINT&from=1`, "unknown_field", "/from"],
    ["a missing query parameter", "GET", LOTS, "missing_field", "/currency"],
    [
      "a query parameter given twice",
      "GET",
      `${LOTS}?currency=POINT&currency=POINT`,
      "wrong_type",
      "/currency",
    ],
    [
      "a query parameter named __proto__",
      "GET",
      `${LOTS}?currency=POINT&__proto__=1`,
      "unknown_field",
      "/__proto__",
    ],
    ["a malformed time in the query", "GET", `${LOTS}?currency=POINT&asOf=today`, "malformed_time", "/asOf"],
    ["a page size of zero", "GET", `${LOTS}?currency=POINT&limit=0`, "value_out_of_range", "/limit"],
    ["a page size too large", "GET", `${LOTS}?currency=POINT&limit=501`, "value_out_of_range", "/limit"],
    ["a page size in words", "GET", `${LOTS}?currency=POINT&limit=ten`, "malformed_value", "/limit"],
    [
      "a cursor that is not base64url",
      "GET",
      `${LOTS}?currency=POINT&cursor=%20`,
      "malformed_cursor",
      "/cursor",
    ],
    [
      "a cursor of another shape",
      "GET",
      `${LOTS}?currency=POINT&cursor=WyJhIl0`,
      "malformed_cursor",
      "/cursor",
    ],
    [
      "a cursor of a control character",
      "GET",
      `${LOTS}?currency=POINT&cursor=WzEsIlx1MDAwMCJd`,
      "malformed_cursor",
      "/cursor",
    ],
    [
      "a member who is neither a UUID nor ext:",
      "GET",
      LOTS.replace("ext:C-1", "C-1"),
      "malformed_id",
      "/member",
    ],
    ["a member with an empty id", "GET", LOTS.replace("ext:C-1", "ext:"), "malformed_id", "/member"],
    ["a member id too long", "GET", LOTS.replace("C-1", "x".repeat(129)), "malformed_id", "/member"],
    ["a member id with a control character", "GET", LOTS.replace("C-1", "a%00b"), "malformed_id", "/member"],
    ["a programme in capitals", "GET", LOTS.replace("the-1", "THE-1"), "malformed_id", "/programme"],
    ["a hold that is no UUID", "PUT", "/v1/programmes/the-1/holds/7/void", "malformed_id", "/hold"],
    ["a path that is not UTF-8", "GET", LOTS.replace("C-1", "%ff"), "malformed_path"],
    ["a path that no route has", "GET", "/v1/nothing", "route_unknown"],
    ["a path with a slash too many", "GET", `${LOTS}/`, "route_unknown"],
    ["a method that the path does not have", "DELETE", LOTS, "method_not_allowed"],
  ];
  it.each(requests.map(([name, ...row]) => ({ name, row })))("$name", async ({ row }) => {
    const [method, path, code, pointer] = row;
    const { response, problem } = await call(method, path);
    expect({ status: response.status, code: problem.code }).toEqual({
      status: sampleProblems.get(code).status,
      code,
    });
    if (pointer !== undefined) expect(problem.errors).toEqual([expect.objectContaining({ pointer, code })]);
    expect(handled).toBe(0);
  });

  it("a malformed Idempotency-Key", async () => {
    const { problem } = await call("POST", EARN, JSON.stringify(GOOD), {
      "idempotency-key": "x".repeat(201),
    });
    expect(problem.code).toBe("malformed_id");
    expect(problem.errors).toEqual([expect.objectContaining({ in: "header", pointer: "/idempotency-key" })]);
  });

  it("a method that the path does not have names those that it has", async () => {
    const { response } = await call("DELETE", LOTS);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
  });
});

it("a problem document has every standard member", async () => {
  const { problem, response } = await call("POST", `${EARN}?x=1`, JSON.stringify(GOOD), {
    "x-correlation-id": "c-1",
  });
  expect(problem).toEqual({
    type: "/problems/unknown_field",
    title: "Unknown field",
    status: 400,
    code: "unknown_field",
    detail: "query /x: Leave the field out: the route does not know it.",
    instance: EARN,
    retryable: false,
    correlationId: "c-1",
    errors: [
      {
        in: "query",
        pointer: "/x",
        code: "unknown_field",
        detail: sampleProblems.get("unknown_field").description,
      },
    ],
  });
  expect(response.headers.get("x-correlation-id")).toBe("c-1");
});
