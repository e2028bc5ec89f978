import { randomBytes } from "node:crypto";
import type { EventStore } from "@taem/event-store";
import type { Principal } from "@taem/http";
import type { Environment } from "@taem/runtime";
import { expect } from "vitest";
import { type Answer, Api } from "./api.ts";
import { type AppendFault, breaks, faultyStore, passes } from "./faulty-store.ts";
import { PERMISSIONS } from "./product.ts";
import { type HostedProgram, hostProgram, type ProgramOptions } from "./program.ts";

/** What instances share. */
export interface Grounds {
  /** Of the database. */
  readonly url: string;
  /** The log, which need not be in it. */
  readonly store: EventStore;
  readonly environment?: Environment;
}

/** One instance of the commands service, or of another that is told; of its callers no log knows. */
export interface Service extends HostedProgram {
  /** The token of a new key; without a programme, of the whole installation. */
  key(key?: Partial<Omit<Principal, "id" | "key">>): string;
  /** A caller with a key of its own. Closed with the service. */
  api(key?: Partial<Omit<Principal, "id" | "key">>, connections?: number): Api;
  close(): Promise<void>;
}

export async function startService(
  { url, store, environment = {} }: Grounds,
  { limits, ...options }: ProgramOptions = {},
): Promise<Service> {
  await using undo = new AsyncDisposableStack();
  const keys = new Map<string, Principal>();
  const program = undo.use(
    await hostProgram(url, {
      store,
      environment,
      services: "commands",
      apiKeys: { verify: (token) => keys.get(token) },
      // A busy machine takes its time over a thousand commands at once; how long a caller waits is not what is tested.
      limits: { requestMs: 60_000, ...limits },
      ...options,
    }),
  );
  const started = undo.move();
  const key: Service["key"] = (given = {}) => {
    const token = randomBytes(8).toString("hex");
    const caller = { id: token, key: `${token}-1`, name: "tester", programmes: null };
    keys.set(token, { ...caller, permissions: PERMISSIONS, systems: ["*"], ...given });
    return token;
  };
  const api: Service["api"] = (given, connections) =>
    started.use(new Api(program.url, key(given), connections));
  const close = () => started.disposeAsync();
  return { ...program, key, api, close, [Symbol.asyncDispose]: close };
}

/** Has an instance die at the nth append of a command: nothing after it reaches the store. */
export async function dieAt(
  n: number,
  last: AppendFault,
  grounds: Grounds,
  command: (by: Api) => Promise<Answer>,
): Promise<void> {
  const store = faultyStore(grounds.store);
  await using dying = await startService({ ...grounds, store });
  store.appendFaults.push(...Array(n - 1).fill(passes), last, ...Array(20).fill(breaks));
  expect((await command(dying.api())).status).toBe(503);
}
