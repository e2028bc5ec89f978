import type { Api, Headers } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineProgramme, done, enrol, refused } from "./support/fixture.ts";

let fixture: Fixture;
let api: Api;
let earn: string;

const SHOP = "/v1/programmes/shop";
const EARN = `${SHOP}/members/ext:member/earn`;
const KEY: Headers = { "idempotency-key": "bad" };

beforeAll(async () => {
  fixture = await openFixture();
  api = fixture.api;
  await defineProgramme(api, "shop");
  const [member] = (await enrol(api, SHOP, "member")) as [string];
  earn = `${member}/earn`;
  await done(api, earn, { currency: "PTS", points: "1" }, "used");
});

afterAll(() => fixture.close());

type Bad = readonly [what: string, input: unknown, status: number, code: string];

/** An earn with some fields replaced. */
function but(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { currency: "PTS", points: "1", ...fields };
}

function source(fields: Readonly<Record<string, unknown>>) {
  return but({ source: { system: "pos", id: "1", ...fields } });
}

const FIELDS: readonly Bad[] = [
  ["an unknown field", but({ bonus: "1" }), 400, "unknown_field"],
  ["an unknown field of a field", source({ store: "1" }), 400, "unknown_field"],
  ["a missing field", { points: "1" }, 400, "missing_field"],
  ["neither points nor spend", { currency: "PTS" }, 400, "conflicting_fields"],
  [
    "points and spend",
    but({ spend: { amount: "1", currency: "THB", rule: "base" } }),
    400,
    "conflicting_fields",
  ],
  ["several faults", { currency: "pts", points: "0" }, 400, "validation_failed"],
  ["a negative amount", but({ points: "-1" }), 400, "amount_not_positive"],
  ["zero", but({ points: "0" }), 400, "amount_not_positive"],
  ["minus zero", but({ points: "-0" }), 400, "amount_not_positive"],
  ["10^15 + 1", but({ points: "1000000000000001" }), 400, "amount_too_large"],
  ["an amount of 400 digits", but({ points: "9".repeat(400) }), 400, "amount_too_large"],
  ["an amount as a number", but({ points: 1 }), 400, "wrong_type"],
  ["an amount as null", but({ points: null }), 400, "wrong_type"],
  ["an amount as a list", but({ points: ["1"] }), 400, "wrong_type"],
  ["an amount with decimals", but({ points: "1.5" }), 400, "malformed_amount"],
  ["an amount with an exponent", but({ points: "1e3" }), 400, "malformed_amount"],
  ["an amount in hexadecimal", but({ points: "0x10" }), 400, "malformed_amount"],
  ["an amount with a leading zero", but({ points: "01" }), 400, "malformed_amount"],
  ["an amount with a plus sign", but({ points: "+1" }), 400, "malformed_amount"],
  ["an amount with a space", but({ points: " 1" }), 400, "malformed_amount"],
  ["an empty amount", but({ points: "" }), 400, "malformed_amount"],
  ["an amount in Thai digits", but({ points: "๑" }), 400, "malformed_amount"],
  ["a currency in small letters", but({ currency: "pts" }), 400, "malformed_currency"],
  ["a currency that is too long", but({ currency: "P".repeat(13) }), 400, "malformed_currency"],
  ["a currency that the programme has not", but({ currency: "XXX" }), 422, "currency_unknown"],
  [
    "a currency named like a member of every object",
    but({ currency: "__proto__" }),
    400,
    "malformed_currency",
  ],
  ["a time without an offset", but({ occurredAt: "2026-03-10T10:00:00" }), 400, "malformed_time"],
  ["a day that is not", but({ occurredAt: "2026-02-30T10:00:00Z" }), 400, "malformed_time"],
  ["a leap day of no leap year", but({ occurredAt: "2025-02-29T10:00:00Z" }), 400, "malformed_time"],
  ["a month that is not", but({ occurredAt: "2026-13-01T10:00:00Z" }), 400, "malformed_time"],
  ["an hour that is not", but({ occurredAt: "2026-03-10T25:00:00Z" }), 400, "malformed_time"],
  ["an offset that is not", but({ occurredAt: "2026-03-10T10:00:00+99:99" }), 400, "malformed_time"],
  ["a time before 1970", but({ occurredAt: "1969-12-31T23:59:59Z" }), 400, "time_out_of_range"],
  ["a date alone", but({ occurredAt: "2026-03-10" }), 400, "malformed_time"],
  ["a time as a number", but({ occurredAt: 1_772_000_000 }), 400, "wrong_type"],
  ["a time far ahead", but({ occurredAt: "9999-12-31T23:59:59Z" }), 422, "occurred_at_in_future"],
  ["an expiry that is no time", but({ expiresAt: "never" }), 400, "malformed_time"],
  ["a NUL in a key", source({ id: "a\u0000b" }), 400, "malformed_id"],
  ["a control character in a key", source({ id: "a\u0007b" }), 400, "malformed_id"],
  ["a line break in a key", source({ id: "a\nb" }), 400, "malformed_id"],
  ["a line separator in a key", source({ id: "a\u2028b" }), 400, "malformed_id"],
  ["a direction override in a key", source({ id: "a\u202eb" }), 400, "malformed_id"],
  ["half a surrogate pair in a key", source({ id: "a\ud800b" }), 400, "malformed_id"],
  ["a key of spaces", source({ id: "   " }), 400, "malformed_id"],
  ["an empty key", source({ id: "" }), 400, "malformed_id"],
  ["a key of 201 characters", source({ id: "x".repeat(201) }), 400, "malformed_id"],
  ["a key as a number", source({ id: 1 }), 400, "wrong_type"],
  ["a system of the ledger's own", source({ system: "taem.transfer" }), 400, "malformed_id"],
  ["a system in capital letters", source({ system: "POS" }), 400, "malformed_id"],
  ["a NUL in a leg", source({ leg: "\u0000" }), 400, "malformed_id"],
  ["a reason in free text", but({ reason: "Because I say so" }), 400, "malformed_id"],
  ["a rule that is no name", but({ points: undefined, spend: spend("no rule") }), 400, "malformed_id"],
  ["a body that is a list", [], 400, "wrong_type"],
  ["a body that is null", null, 400, "wrong_type"],
  ["a body that is a string", "earn", 400, "wrong_type"],
  ["a body that is a number", 1, 400, "wrong_type"],
];

function spend(rule: string) {
  return { amount: "1", currency: "THB", rule };
}

describe("a field that is wrong is refused with its own code, and nothing is written", () => {
  test.each(FIELDS)("%s", async (_, input, status, code) => {
    await refused(fixture, () => api.raw("POST", earn, JSON.stringify(input), KEY), status, code);
  });
});

const NESTED = `${"[".repeat(10_000)}${"]".repeat(10_000)}`;

const TEXTS: readonly (readonly [what: string, text: string | Buffer, status: number, code: string])[] = [
  ["no body", "", 400, "body_required"],
  ["a truncated object", '{"currency":"PTS","points":"1"', 400, "truncated_json"],
  ["a truncated text", '{"currency":"PT', 400, "truncated_json"],
  ["no JSON", "points=1", 400, "malformed_json"],
  ["a trailing comma", '{"currency":"PTS","points":"1",}', 400, "malformed_json"],
  ["a field given twice", '{"currency":"PTS","points":"1","points":"2"}', 400, "repeated_field"],
  ["a field given twice alike", '{"currency":"PTS","points":"1","points":"1"}', 400, "repeated_field"],
  ["more than one value", '{"currency":"PTS","points":"1"} {}', 400, "malformed_json"],
  ["a comment", '{"currency":"PTS",/* one */"points":"1"}', 400, "malformed_json"],
  ["NaN", '{"currency":"PTS","points":NaN}', 400, "malformed_json"],
  ["a raw control character", '{"currency":"PTS","points":"1","reason":"a\u0001"}', 400, "malformed_json"],
  ["bytes that are not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 400, "malformed_json"],
  ["__proto__", '{"__proto__":{"admin":true},"currency":"PTS","points":"1"}', 400, "unknown_field"],
  ["constructor", '{"constructor":{"prototype":{}},"currency":"PTS","points":"1"}', 400, "unknown_field"],
  [
    "__proto__ of a field",
    '{"currency":"PTS","points":"1","source":{"system":"pos","id":"1","__proto__":{"leg":"x"}}}',
    400,
    "unknown_field",
  ],
  ["lists nested ten thousand deep", NESTED, 400, "wrong_type"],
  ["a body over the limit", JSON.stringify(but({ reason: "x".repeat(70_000) })), 413, "body_too_large"],
];

describe("a text that is wrong is refused with its own code, and nothing is written", () => {
  test.each(TEXTS)("%s", async (_, text, status, code) => {
    await refused(fixture, () => api.raw("POST", earn, text, KEY), status, code);
    expect(({} as { readonly admin?: boolean }).admin).toBeUndefined();
  });
});

const GOOD = JSON.stringify(but({}));

const HEADERS: readonly (readonly [what: string, headers: Headers, status: number, code: string])[] = [
  ["no key", {}, 400, "key_required"],
  ["a key that was used for other input", { "idempotency-key": "used" }, 422, "key_reused"],
  ["a key of 201 characters", { "idempotency-key": "x".repeat(201) }, 400, "malformed_id"],
  ["a key that is not ASCII", { "idempotency-key": "caf\u00e9" }, 400, "malformed_id"],
  ["another media type", { ...KEY, "content-type": "text/plain" }, 415, "unsupported_media_type"],
  ["a form", { ...KEY, "content-type": "application/x-www-form-urlencoded" }, 415, "unsupported_media_type"],
  [
    "another charset",
    { ...KEY, "content-type": "application/json; charset=tis-620" },
    415,
    "unsupported_media_type",
  ],
  ["a compressed body", { ...KEY, "content-encoding": "gzip" }, 415, "unsupported_media_type"],
  ["headers over the limit", { ...KEY, "x-padding": "x".repeat(20_000) }, 431, "headers_too_large"],
];

describe("a header that is wrong is refused with its own code, and nothing is written", () => {
  test.each(HEADERS)("%s", async (_, headers, status, code) => {
    const body = JSON.stringify(but({ points: "2" }));
    await refused(fixture, () => api.raw("POST", earn, body, headers), status, code);
  });
});

const LONG = "x".repeat(129);

const PATHS: readonly (readonly [what: string, path: string, status: number, code: string])[] = [
  ["a programme that is not there", "/v1/programmes/none/members/ext:member/earn", 404, "programme_unknown"],
  ["a programme that is no code", "/v1/programmes/SHOP/members/ext:member/earn", 400, "malformed_id"],
  [
    "a programme code of 64 letters",
    `/v1/programmes/${"x".repeat(64)}/members/ext:member/earn`,
    400,
    "malformed_id",
  ],
  [
    "a programme named like a member of every object",
    "/v1/programmes/constructor/members/ext:a/earn",
    404,
    "programme_unknown",
  ],
  ["a member that is not there", `${SHOP}/members/ext:nobody/earn`, 404, "member_unknown"],
  ["a member that is no id", `${SHOP}/members/member/earn`, 400, "malformed_id"],
  ["a member of half a UUID", `${SHOP}/members/019a51d2-7c3e-7b4a-9f00/earn`, 400, "malformed_id"],
  ["an empty external id", `${SHOP}/members/ext:/earn`, 400, "malformed_id"],
  ["a NUL in an external id", `${SHOP}/members/ext:a%00b/earn`, 400, "malformed_id"],
  ["a control character in an external id", `${SHOP}/members/ext:a%0Ab/earn`, 400, "malformed_id"],
  ["an external id of 129 characters", `${SHOP}/members/ext:${LONG}/earn`, 400, "malformed_id"],
  ["a percent sign that encodes nothing", `${SHOP}/members/ext:%zz/earn`, 400, "malformed_path"],
  ["percent-encoded bytes that are not UTF-8", `${SHOP}/members/ext:%ff%fe/earn`, 400, "malformed_path"],
  ["a way up", `${SHOP}/members/..%2f..%2fearn/earn`, 400, "malformed_id"],
  ["a query parameter", `${EARN}?dryRun=true`, 400, "unknown_field"],
  ["a query parameter named __proto__", `${EARN}?__proto__=1`, 400, "unknown_field"],
  ["a route that is not there", `${SHOP}/members/ext:member/steal`, 404, "route_unknown"],
  ["a route with a slash too many", `${EARN}/`, 404, "route_unknown"],
];

describe("a path that is wrong is refused with its own code, and nothing is written", () => {
  test.each(PATHS)("%s", async (_, path, status, code) => {
    await refused(fixture, () => api.raw("POST", path, GOOD, KEY), status, code);
  });

  test("a method that the route has not", async () => {
    await refused(fixture, () => api.raw("DELETE", earn, undefined, KEY), 405, "method_not_allowed");
  });

  test("an id of a hold that is none", async () => {
    for (const id of ["1", "a-1-1", "00000000-0000-7000-8000-000000000000-0-1", `${LONG}-1-1`]) {
      await refused(
        fixture,
        () => api.raw("POST", `${SHOP}/holds/${id}/capture`, "{}", KEY),
        400,
        "malformed_id",
      );
    }
  });
});

const CURRENCY = { expiry: { kind: "never" } };
const RULE = { currency: "PTS", money: "THB", per: "100", points: "1" };

const DEFINITIONS: readonly (readonly [what: string, path: string, body: object, code: string])[] = [
  ["a zone that is not", "", { name: "shop", zone: "Asia/Nowhere" }, "malformed_value"],
  ["an empty name", "", { name: "", zone: "Asia/Bangkok" }, "malformed_value"],
  ["a name with half a surrogate pair", "", { name: "a\ud800b", zone: "Asia/Bangkok" }, "malformed_value"],
  [
    "a clock of no mode",
    "",
    { name: "shop", zone: "Asia/Bangkok", clock: { mode: "fast" } },
    "value_not_allowed",
  ],
  ["a scale of 7", "/currencies/NEW", { ...CURRENCY, scale: 7 }, "value_out_of_range"],
  ["a scale of 1.5", "/currencies/NEW", { ...CURRENCY, scale: 1.5 }, "wrong_type"],
  ["a currency that is no code", "/currencies/new", CURRENCY, "malformed_currency"],
  ["no expiry", "/currencies/NEW", {}, "missing_field"],
  ["an expiry of no kind", "/currencies/NEW", { expiry: { kind: "soon" } }, "value_not_allowed"],
  [
    "a term of nothing",
    "/currencies/NEW",
    { expiry: { kind: "term", term: { count: 0, unit: "days" } } },
    "value_out_of_range",
  ],
  ["a policy that is none", "/currencies/NEW", { ...CURRENCY, clawback: "always" }, "value_not_allowed"],
  ["a timeout below zero", "/currencies/NEW", { ...CURRENCY, holdTimeoutSeconds: -1 }, "value_out_of_range"],
  ["a rule for every 0 of money", "/rules/new", { ...RULE, per: "0" }, "amount_not_positive"],
  ["a rounding that is none", "/rules/new", { ...RULE, rounding: "random" }, "value_not_allowed"],
  ["a rule that is no name", "/rules/New!", RULE, "malformed_id"],
  ["a validity that is no time", "/rules/new", { ...RULE, validFrom: "soon" }, "malformed_time"],
  ["keys of no scope", "/sources/pos", { keys: "universe" }, "value_not_allowed"],
  ["a clock without its time", "/clock", { mode: "replay" }, "missing_field"],
  ["a live clock with a time", "/clock", { mode: "live", at: "2026-03-10T10:00:00Z" }, "unknown_field"],
];

describe("a definition that is wrong is refused with its own code, and nothing is written", () => {
  test.each(DEFINITIONS)("%s", async (_, path, body, code) => {
    await refused(fixture, () => api.put(`${SHOP}${path}`, body), 400, code);
  });
});

test("an external id that is wrong enrols nobody", async () => {
  for (const externalId of ["", " a", "a\u0000", "\u200b", LONG]) {
    await refused(fixture, () => api.post(`${SHOP}/members`, { externalId }), 400, "malformed_id");
  }
});

test("what a problem says names the field and repeats nothing dangerous", async () => {
  const body = await refused(
    fixture,
    () => api.raw("POST", earn, JSON.stringify(but({ "<script>": 1, points: "-1" })), KEY),
    400,
    "validation_failed",
  );
  expect(body.errors).toMatchObject([
    { in: "body", pointer: "/points", code: "amount_not_positive" },
    { in: "body", pointer: "/<script>", code: "unknown_field" },
  ]);
});

test("after all of that the same caller is served as before", async () => {
  await done(api, earn, { currency: "PTS", points: "1" }, "good");
});
