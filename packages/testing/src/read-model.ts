import type { RouteAnswer } from "@taem/client";
import { expect } from "vitest";
import type { Answer, Api } from "./api.ts";
import { runTool } from "./program-process.ts";
import { succeeds } from "./programme.ts";
import { openLog, wholeLog } from "./test-store.ts";

/** An answer of the read model, asked for again while it says that it is behind, as a client does. */
export async function answered(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (answer.body.code !== "read_model_behind") return succeeds(Promise.resolve(answer));
  }
}

/** Points owed by a programme according to its trial balance, once everything recorded so far is in it. */
export async function outstandingOf(api: Api, programme: string): Promise<bigint> {
  const path = `/v1/programmes/${programme}/trial-balance?currency=PTS&consistency=strong`;
  const { body } = await answered(() => api.get(path));
  const [ledger] = (body as unknown as RouteAnswer<"GET /v1/programmes/{programme}/trial-balance">)
    .currencies;
  expect(ledger?.totals.balance).toBe("0");
  const owed = ledger?.accounts.find(({ account }) => account === "outstanding");
  return -BigInt(owed?.balance ?? 0);
}

/** What a member has by the read model, once it has what a token stands for. */
export async function bookOf(api: Api, member: string, token: string): Promise<bigint> {
  const path = `${member}/balance?currency=PTS&token=${encodeURIComponent(token)}`;
  const { body } = await answered(() => api.get(path));
  return BigInt(body.balance.book);
}

/**
 * The command line finds every event of the log in read models that agree with it, and makes the same rows of them
 * again. The read models must have caught up.
 */
export async function expectAgreement(databaseUrl: string): Promise<void> {
  const environment = { DATABASE_URL: databaseUrl };
  await using store = await openLog(environment);
  const events = (await wholeLog(store)).length.toLocaleString("en-US");
  // Events of no account, a client's, say, have no token to wait by.
  let verified = await runTool(["verify"], environment);
  for (let looks = 1; looks < 20 && !verified.out.includes(`${events} events of `); looks++)
    verified = await runTool(["verify"], environment);
  expect(verified.out).toContain(`${events} events of `);
  expect([verified.exitCode, verified.out]).toEqual([
    0,
    expect.stringContaining("agree with the read models"),
  ]);
  const rebuilt = await runTool(["rebuild", "ledger", "--expect-equal"], environment);
  expect([rebuilt.exitCode, rebuilt.out]).toEqual([0, expect.stringContaining("have taken over")]);
}
