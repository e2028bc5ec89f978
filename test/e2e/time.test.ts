import type { Api } from "@taem/testing/api";
import { createInstallation, type TestInstallation } from "@taem/testing/program";
import { afterAll, beforeAll, expect, test } from "vitest";

// What time alone does is written into the log by the scheduler, on the programme's own clock, whoever was down.

const PROGRAMME = "/v1/programmes/time";
const PTS = { currency: "PTS" };
const WAIT = { timeout: 30_000, interval: 50 };

let installation: TestInstallation;

beforeAll(async () => {
  installation = await createInstallation();
});

afterAll(async () => {
  await installation[Symbol.asyncDispose]();
});

async function define(api: Api): Promise<void> {
  const clock = { mode: "replay", at: "2026-01-10T00:00:00Z" };
  await api.put(PROGRAMME, { name: "Time", zone: "Asia/Bangkok", clock });
  await api.put(`${PROGRAMME}/currencies/PTS`, { expiry: { kind: "end_of_month", count: 1 } });
}

async function setClock(api: Api, at: string): Promise<void> {
  expect((await api.put(`${PROGRAMME}/clock`, { mode: "replay", at })).status).toBe(200);
}

async function member(api: Api, externalId: string, points: string): Promise<string> {
  await api.post(`${PROGRAMME}/members`, { externalId });
  const path = `${PROGRAMME}/members/ext:${externalId}`;
  expect((await api.post(`${path}/earn`, { ...PTS, points }, `earn-${externalId}`)).status).toBe(201);
  return path;
}

async function statement(api: Api, path: string): Promise<{ kind: string; delta: string }[]> {
  const { body } = await api.get(`${path}/statement?currency=PTS`);
  return (body as unknown as { items: { kind: string; delta: string }[] }).items;
}

const kinds = async (api: Api, path: string): Promise<string[]> =>
  (await statement(api, path)).map(({ kind }) => kind);

test("points that are due expire in the log soon after, also those that became due while nothing ran", async () => {
  let path: string;
  {
    await using program = await installation.start();
    await define(program.api);
    path = await member(program.api, "expiring", "100");
    await program.api.post(`${path}/burn`, { ...PTS, points: "30" }, "burn");
    await setClock(program.api, "2026-02-28T16:59:59Z");
    const { body } = await program.api.get(`${path}/balance?currency=PTS&consistency=strong`);
    expect(body.balance).toMatchObject({ book: "70", available: "70" });
  }
  {
    // The clock moves on while the scheduler is away: a balance is right all the same.
    await using program = await installation.start();
    await setClock(program.api, "2026-02-28T17:00:00Z");
    const { body } = await program.api.get(`${path}/balance?currency=PTS&consistency=strong`);
    expect(body.balance).toMatchObject({ available: "0" });
    await expect.poll(() => kinds(program.api, path), WAIT).toEqual(["expiry", "burn", "earn"]);
    expect((await statement(program.api, path))[0]).toMatchObject({ kind: "expiry", delta: "-70" });
  }
});

test("a hold past its timeout is released in the log, and its points can be spent", async () => {
  await using program = await installation.start();
  const { api } = program;
  const path = await member(api, "holding", "50");
  await api.post(`${path}/holds`, { ...PTS, points: "50", timeoutSeconds: 60 }, "hold");
  expect((await api.post(`${path}/burn`, { ...PTS, points: "50" }, "too-early")).body.code).toBe(
    "insufficient_points",
  );
  await setClock(api, "2026-02-28T17:01:00Z");
  await expect.poll(() => kinds(api, path), WAIT).toEqual(["hold_timeout", "hold", "earn"]);
  expect((await api.post(`${path}/burn`, { ...PTS, points: "50" }, "in-time")).status).toBe(201);
});

test("an answer's token makes a query see what the command did", async () => {
  await using program = await installation.start();
  const { api } = program;
  const path = await member(api, "reading", "10");
  for (let i = 1; i <= 20; i++) {
    const { body } = await api.post(`${path}/earn`, { ...PTS, points: "1" }, `more-${i}`);
    const seen = await api.get(`${path}/balance?currency=PTS&token=${encodeURIComponent(body.token)}`);
    expect(seen.body.balance.book).toBe(String(10 + i));
  }
});
