import type { Answer, Api, Body } from "@taem/testing/api";
import { audit } from "@taem/testing/auditor";
import type { Fixture } from "@taem/testing/fixture";
import { defineProgramme as define, START, succeeds } from "@taem/testing/programme";
import { wholeLog } from "@taem/testing/test-store";
import { expect } from "vitest";

/**
 * A programme in replay with one currency PTS that never expires and one rule `base`, 1 point for 25.00 THB; yields its
 * path.
 */
export function defineProgramme(
  api: Api,
  programme: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const clock = { mode: "replay", at: START };
  return define(api, programme, { clock, clawback: "within_balance", ...settings });
}

/** Moves the programme's replay clock. */
export async function setClock(api: Api, programme: string, at: string): Promise<void> {
  await succeeds(api.put(`${programme}/clock`, { mode: "replay", at }));
}

/** Enrols members and yields the path of each. */
export async function enrol(api: Api, programme: string, ...externalIds: string[]): Promise<string[]> {
  const answers = await Promise.all(
    externalIds.map((externalId) => api.post(`${programme}/members`, { externalId })),
  );
  for (const { status } of answers) expect(status).toBe(201);
  return externalIds.map((externalId) => `${programme}/members/ext:${externalId}`);
}

/** A command that is done now, not a repetition. */
export async function done(api: Api, path: string, body: unknown, key?: string): Promise<Body> {
  const answer = await api.post(path, body, key);
  expect(answer.body).toMatchObject({ replayed: false });
  expect(answer.status).toBe(201);
  return answer.body;
}

/** An adjustment that waits for a second principal from now on; yields its path. */
export async function waits(api: Api, programme: string, path: string, body: unknown, key?: string) {
  const answer = await api.post(path, body, key);
  expect(answer.body).toMatchObject({ replayed: false, effect: { kind: "adjustment_requested" } });
  expect(answer.status).toBe(202);
  return `${programme}/adjustments/${answer.body.effect.adjustment.id}`;
}

/** A command that is refused with a code and writes nothing. */
export async function refused(
  { testStore: { store } }: Fixture,
  answering: () => Promise<Answer>,
  status: number,
  code: string,
): Promise<Body> {
  const before = await store.head();
  const answer = await answering();
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  expect(await store.head()).toBe(before);
  return answer.body;
}

/** What an account holds, by the log. */
export async function bookOf(
  { testStore: { store }, api }: Fixture,
  programme: string,
  externalId: string,
): Promise<bigint> {
  const { body } = await succeeds(api.get(`/v1/programmes/${programme}/members/ext:${externalId}`));
  return audit(await wholeLog(store)).of(body.member).book;
}
