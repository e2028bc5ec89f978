import { parseToken, Tokens } from "@taem/http";
import { accountQueries, reports } from "@taem/ledger/api";
import type { Api } from "@taem/testing/api";
import { createInstallation, type TestInstallation, type TestProgram } from "@taem/testing/program";
import { defineProgramme, enrolMany, succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, expect, test } from "vitest";

// Failures: a token that nobody was given makes a query wait, or is believed; one whose place the log has lost is waited for.

const PTS = { currency: "PTS" };
/** What a roll-forward cannot do without. */
const SPAN = { from: "2026-01-01", to: "2026-12-31" };
/** A key that two installations share: their tokens are their own nevertheless. */
const TAEM_HMAC_KEY = "42".repeat(32);
let installations: TestInstallation[];
let program: TestProgram;
let api: Api;
let member: string;
let token: string;
let tokens: Tokens;
let programmeId: string;

/** The token of an earn in a programme of that name, and where. */
async function earnIn(
  code: string,
  caller: Api,
): Promise<{ readonly token: string; readonly member: string }> {
  const shop = await defineProgramme(caller, code);
  const [earner] = (await enrolMany(caller, code, "member", 1)) as [string];
  const earned = caller.post(`${shop}/members/${earner}/earn`, { ...PTS, points: "1" }, "e");
  return { token: (await succeeds(earned)).body.token, member: earner };
}

beforeAll(async () => {
  installations = await Promise.all([1, 2].map(() => createInstallation({ TAEM_HMAC_KEY })));
  program = await (installations[0] as TestInstallation).start();
  ({ api } = program);
  ({ token, member } = await earnIn("shop", api));
  programmeId = ((await api.get("/v1/programmes/shop")).body as unknown as { id: string }).id;
  tokens = new Tokens(program.platform);
});

afterAll(async () => {
  await program[Symbol.asyncDispose]();
  for (const installation of installations) await installation[Symbol.asyncDispose]();
  expect(program.errors).toEqual([]);
});

const routes = Object.values({ ...accountQueries, ...reports }).filter(({ query }) => "token" in query);

/** Every query that takes a token, asked with this one, with and without the read model. */
async function answersTo(given: string): Promise<(string | undefined)[]> {
  const codes: (string | undefined)[] = [];
  for (const { path, query: fields } of routes) {
    const filled = path.replace("{programme}", "shop").replace("{member}", member);
    const span = "to" in fields && "by" in fields ? SPAN : {};
    for (const consistency of ["eventual", "strong"]) {
      const query = new URLSearchParams({ ...PTS, ...span, consistency, token: given });
      codes.push((await api.get(`${filled}?${query}`)).body.code);
    }
  }
  return codes;
}

const all = (code: string | undefined) => Array.from({ length: 2 * routes.length }, () => code);

test("a token that an answer gave is taken by every query that takes one", async () => {
  expect(routes.length).toBeGreaterThanOrEqual(6);
  expect(await answersTo(token)).toEqual(all(undefined));
});

test("one of the unsigned form that was, or none at all, is refused", async () => {
  expect(await answersTo("17:0000000000000001")).toEqual(all("malformed_token"));
  expect(await answersTo("nonsense")).toEqual(all("malformed_token"));
});

test("one that was changed is refused, also where it would ask for less", async () => {
  const [place] = parseToken(token)?.places ?? [];
  const earlier = tokens.seal(programmeId, [{ slice: place?.slice ?? 0, position: "0".repeat(16) }]);
  const mixed = Buffer.from(earlier, "base64url");
  Buffer.from(token, "base64url").copy(mixed, 0, 0, 17);
  expect(await answersTo(mixed.toString("base64url"))).toEqual(all("malformed_token"));
});

test("one of another programme is refused", async () => {
  const other = await earnIn("other", api);
  expect(await answersTo(other.token)).toEqual(all("malformed_token"));
});

test("one of another installation is refused, whose secret is the same", async () => {
  await using stranger = await (installations[1] as TestInstallation).start();
  const other = await earnIn("shop", stranger.api);
  expect(await answersTo(other.token)).toEqual(all("malformed_token"));
});

test("one of a place that the log does not reach is refused, not waited for", async () => {
  const beyond = tokens.seal(programmeId, [{ slice: 3, position: "9".repeat(16) }]);
  expect(await answersTo(beyond)).toEqual(all("token_beyond_log"));
});
