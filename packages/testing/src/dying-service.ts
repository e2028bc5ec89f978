import { expect } from "vitest";
import type { Answer, Api } from "./api.ts";
import { type Grounds, startService } from "./commands-service.ts";
import { type AppendFault, breaks, faultyStore, passes } from "./faulty-store.ts";

/** Has an instance of the commands service die at the nth append of a command: nothing after it reaches the store. */
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
