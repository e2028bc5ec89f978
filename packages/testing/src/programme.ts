import { expect } from "vitest";
import type { Answer, Api } from "./api.ts";

/** Where replay clocks of tests stand, unless told. */
export const START = "2026-03-10T03:00:00.000Z";

const PTS = { expiry: { kind: "never" }, clawback: "unlimited" };
const BASE = { currency: "PTS", money: "THB", per: "2500", points: "1" };

/** A live programme, run by two unless told, with the currency PTS and the rule `base`, 1 point for 25.00 THB; yields its path. */
export async function defineProgramme(
  api: Api,
  code: string,
  { clock, singleHanded, ...settings }: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const path = `/v1/programmes/${code}`;
  // JSON leaves out what is undefined.
  const programme = { name: code, zone: "Asia/Bangkok", clock, singleHanded };
  await succeeds(api.put(path, programme));
  await succeeds(api.put(`${path}/currencies/PTS`, { ...PTS, ...settings }));
  await succeeds(api.put(`${path}/rules/base`, BASE));
  return path;
}

/** Enrols `<prefix>-0` to `<prefix>-(count - 1)`; yields our ids of them. */
export async function enrolMany(api: Api, code: string, prefix: string, count: number): Promise<string[]> {
  const lines = Array.from({ length: count }, (_, i) => ({ op: "enrol", externalId: `${prefix}-${i}` }));
  const answers = await api.bulk(code, lines);
  expect(answers.every(({ status }) => status < 300)).toBe(true);
  return answers.map(({ result }) => result.member);
}

/** The items of a list that is answered. */
export async function listed<T>(answering: Promise<Answer>): Promise<readonly T[]> {
  const { body } = await succeeds(answering);
  return (body as unknown as { readonly items: readonly T[] }).items;
}

/** An answer that is a success. */
export async function succeeds(answering: Promise<Answer>): Promise<Answer> {
  const answer = await answering;
  expect([answer.body.code, answer.body.detail]).toEqual([undefined, undefined]);
  expect(answer.status).toBeLessThan(300);
  return answer;
}

export function source(id: string, leg = "main") {
  return { system: "pos", id, leg };
}

/** A generator of repeatable pseudo-random integers below a bound (mulberry32). */
export function seeded(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}
