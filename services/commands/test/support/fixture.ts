import { expect } from "vitest";
import type { Answer, Api, Body } from "../../../../test/support/api.ts";
import {
  type Service,
  type ServiceOptions,
  startService,
} from "../../../../test/support/commands-service.ts";
import { openTestStore, type TestStore } from "../../../../test/support/test-store.ts";

/** The commands service on a store of its own. */
export interface Fixture {
  readonly testStore: TestStore;
  readonly service: Service;
  /** A caller who may do everything. */
  readonly api: Api;
  /** Another instance of the service on the same store; closed with the fixture. */
  another(options?: Partial<ServiceOptions>): Promise<Service>;
  /** Rejects if the service had something to complain of. */
  close(): Promise<void>;
}

export async function openFixture(options: Partial<ServiceOptions> = {}): Promise<Fixture> {
  await using undo = new AsyncDisposableStack();
  const testStore = undo.use(await openTestStore());
  const open = async (more: Partial<ServiceOptions>) =>
    opened.use(await startService({ store: testStore.store, ...options, ...more }));
  const service = undo.use(await startService({ store: testStore.store, ...options }));
  const opened = undo.move();
  return {
    testStore,
    service,
    api: service.api(),
    another: (more = {}) => open(more),
    async close() {
      await opened.disposeAsync();
      expect(service.complaints).toEqual([]);
    },
  };
}

/** Where the replay clock of `defineProgramme` stands. */
export const START = "2026-03-10T03:00:00.000Z";

/**
 * A programme in replay with one currency PTS that never expires and one rule `base`, 1 point for 25.00 THB; yields its
 * path.
 */
export async function defineProgramme(
  api: Api,
  programme: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const path = `/v1/programmes/${programme}`;
  const clock = { mode: "replay", at: START };
  await defined(api.put(path, { name: programme, zone: "Asia/Bangkok", clock }));
  await defined(api.put(`${path}/currencies/PTS`, { expiry: { kind: "never" }, ...settings }));
  await defined(api.put(`${path}/rules/base`, { currency: "PTS", money: "THB", per: "2500", points: "1" }));
  return path;
}

export async function defined(answering: Promise<Answer>): Promise<void> {
  const { status, body } = await answering;
  expect(body.detail).toBeUndefined();
  expect(status).toBe(200);
}

/** Moves the programme's replay clock. */
export async function setClock(api: Api, programme: string, at: string): Promise<void> {
  await defined(api.put(`${programme}/clock`, { mode: "replay", at }));
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

/** What an account holds now, confirmed by the store. */
export async function balanceOf({ commands }: Service, programme: string, externalId: string) {
  const account = await commands.account(programme, { member: { externalId } }, "PTS");
  const caller = { actor: "test", correlation: "test", deadline: Number.POSITIVE_INFINITY };
  return commands.accounts.balance(account, caller);
}
