import { parseToken } from "@taem/http";
import type { accountQueries } from "@taem/ledger/api";
import { accountStream } from "@taem/ledger/events";
import type { Answer, Api } from "@taem/testing/api";
import { createInstallation, type TestInstallation, type TestProgram } from "@taem/testing/program";
import { runTool } from "@taem/testing/program-process";
import { defineProgramme, enrolMany, succeeds } from "@taem/testing/programme";
import { answered } from "@taem/testing/read-model";
import { afterAll, beforeAll, expect, test } from "vitest";

// Failure: the read model has stopped following an account, and answers who asks for his own write from before it.

const PTS = { currency: "PTS" };
const QUERIES: readonly (keyof typeof accountQueries)[] = ["balance", "lots", "statement"];
let installation: TestInstallation;
let program: TestProgram;
let api: Api;
/** Of the account that is parked. */
let path: string;
/** Of its earns, the last of which the read model cannot take. */
let tokens: readonly [string, string, string];
let stranger: string;

beforeAll(async () => {
  installation = await createInstallation();
  program = await installation.start();
  ({ api } = program);
  const shop = await defineProgramme(api, "shop");
  const [member, other] = (await enrolMany(api, "shop", "member", 2)) as [string, string];
  path = `${shop}/members/${member}`;
  stranger = `${shop}/members/${other}`;
  const first = await earn("e1");
  const second = await earn("e2");
  await answered(() => ask("balance", second));
  // The line of the second event now stands where the third one's will not fit.
  await moveLine(member, 2, 3);
  tokens = [first, second, await earn("e3")];
});

afterAll(async () => {
  await program[Symbol.asyncDispose]();
  await installation[Symbol.asyncDispose]();
});

async function earn(key: string): Promise<string> {
  return (await succeeds(api.post(`${path}/earn`, { ...PTS, points: "10" }, key))).body.token;
}

async function moveLine(member: string, from: number, to: number): Promise<void> {
  const sql = "UPDATE taem_ledger.statement_lines SET revision = $3 WHERE member = $1 AND revision = $2";
  expect((await program.platform.database.query(sql, [member, from, to])).rowCount).toBe(1);
}

function ask(query: string, token?: string, consistency = "eventual", of = path): Promise<Answer> {
  const asked = new URLSearchParams({ ...PTS, consistency, ...(token === undefined ? {} : { token }) });
  return api.get(`${of}/${query}?${asked}`);
}

test.each(QUERIES)(
  "%s with a token of what it stopped before says since when, and what to do",
  async (query) => {
    const since = parseToken(tokens[2])?.places[0]?.position as string;
    const { status, body, headers } = await ask(query, tokens[2]);
    expect([status, body.code]).toEqual([503, "account_parked"]);
    expect(body.detail).toContain(since);
    expect(body.detail).toContain("consistency=strong");
    expect(Number(headers["retry-after"])).toBeGreaterThan(0);
  },
);

test.each(QUERIES)("%s from the events themselves has it", async (query) => {
  const { body } = await succeeds(ask(query, tokens[2], "strong"));
  expect(body).not.toHaveProperty("parked");
  if (query === "balance") expect(body.balance.book).toBe("30");
  else expect((body as unknown as { items: unknown[] }).items).toHaveLength(3);
});

test.each(QUERIES)("%s with an earlier token, or none, answers and says that it is old", async (query) => {
  for (const token of [undefined, tokens[0], tokens[1]]) {
    const { body } = await succeeds(ask(query, token));
    expect(body).toHaveProperty("parked.since", parseToken(tokens[2])?.places[0]?.position);
  }
});

test("a transfer's token is refused for the receiver who is parked, and answered for the giver", async () => {
  await succeeds(api.post(`${stranger}/earn`, { ...PTS, points: "10" }, "e"));
  const gift = { ...PTS, points: "4", to: path.split("/").at(-1) };
  const { token } = (await succeeds(api.post(`${stranger}/transfers`, gift, "t"))).body;
  expect((await answered(() => ask("balance", token, "eventual", stranger))).body.balance.book).toBe("6");
  expect((await ask("balance", token)).body.code).toBe("account_parked");
});

test.each(["approvals", "sources"])("the list of %s says that it lacks an account", async (list) => {
  const shop = path.split("/members/")[0] as string;
  for (const consistency of ["eventual", "strong"]) {
    const { body } = await succeeds(api.get(`${shop}/${list}?consistency=${consistency}`));
    expect(body).toMatchObject({ parked: 1 });
  }
});

test("no system is declared to reach further while nobody knows what was done under it", async () => {
  const shop = path.split("/members/")[0] as string;
  const answer = await api.put(`${shop}/sources/unknown`, { keys: "programme" });
  expect([answer.status, answer.body.code]).toEqual([503, "read_model_behind"]);
  expect(answer.body.detail).toContain("parked");
  await succeeds(api.put(`${shop}/sources/known`, { keys: "account" }));
});

test("once an operator has replayed it the token is answered", async () => {
  const member = path.split("/").at(-1) as string;
  const replay = ["parked", "replay", "ledger", accountStream(member, 1)];
  const inVain = await runTool(replay, { DATABASE_URL: installation.url });
  expect([inVain.exitCode, inVain.out]).toEqual([
    3,
    expect.stringMatching(/^it is parked still.*duplicate key/),
  ]);
  await moveLine(member, 3, 2);
  const replayed = await runTool(replay, { DATABASE_URL: installation.url });
  expect([replayed.exitCode, replayed.out]).toEqual([0, expect.stringContaining("are projected now")]);
  const { body } = await answered(() => ask("balance", tokens[2]));
  expect(body.balance.book).toBe("34");
  expect(body).not.toHaveProperty("parked");
});
