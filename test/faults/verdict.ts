import type { Client } from "@taem/client";
import type { EventStore } from "@taem/event-store";
import type { Database } from "@taem/postgres";
import { heldMessages } from "@taem/processing";
import type { Environment } from "@taem/runtime";
import type { Findings } from "@taem/testing/auditor";
import { runTool } from "@taem/testing/program-process";
import type { Callers } from "./callers.ts";
import { describeCommand, keyOf, type Record, type Sent } from "./record.ts";
import { CURRENCY, PROGRAMME } from "./script.ts";
import { type Settled, settle } from "./settling.ts";

/** One fact that is to hold after all faults, and the first thing that is against it. */
export interface Check {
  readonly name: string;
  readonly violation: string | undefined;
}

export interface Verdict {
  readonly checks: readonly Check[];
  /** In the log, at the end. */
  readonly events: number;
  readonly members: number;
}

export interface Evidence {
  readonly record: Record;
  readonly callers: Callers;
  readonly reader: Client;
  readonly store: EventStore;
  readonly database: Database;
  readonly environment: Environment;
  /** Processes that ended by themselves. */
  readonly deaths: readonly string[];
}

type Ask = () => Promise<string | undefined> | string | undefined;

/** Holds the log and the read models against what callers were told. Every service runs again. */
export async function judge(evidence: Evidence): Promise<Verdict> {
  const { record, callers, store, database, environment, deaths, reader } = evidence;
  const checks: Check[] = [];
  const check = async (name: string, ask: Ask) => {
    const asked = (async () => ask())();
    checks.push({ name, violation: await asked.catch((error: Error) => error.message) });
  };
  let settled: Settled | undefined;
  const settleDown = async () => {
    settled = undefined;
    settled = await settle(store, database);
    return undefined;
  };
  await check("no process of the product ended by itself", () => deaths[0]);
  await check("the log is whole, and all is caught up", settleDown);
  await check("acknowledged once in the log, the rest at most once", () => inTheLog(record, known(settled)));
  await check("all keys can be repeated", () => callers.repeatAll());
  await check("repeating returns the first answers", () => record.contradictions[0]);
  await check("no answer was false", () => callers.falseAnswers[0]);
  await check("the log is whole after that, and all is caught up", settleDown);
  await check("still once", () => inTheLog(record, known(settled)));
  await check("every answer says what the log says", () => asTheLogSays(record, known(settled)));
  await check("the oracle's books balance", () => unbalanced(known(settled)));
  await check("the trial balance is zero, and the oracle's", () =>
    compareTrialBalance(reader, known(settled)),
  );
  await check("every member's balance is the oracle's", () => compareBalances(reader, known(settled)));
  await check("taem verify agrees", () => toolFailure(environment, ["verify"]));
  await check("the ledger equals a clean rebuild", () =>
    toolFailure(environment, ["rebuild", "ledger", "--expect-equal"]),
  );
  await check("no message is held", () => heldMessage(database));
  await check("the timers to come equal a clean rebuild", () =>
    toolFailure(environment, ["rebuild", "sweeps", "--expect-equal"]),
  );
  return { checks, events: settled?.log.length ?? 0, members: settled?.findings.enrolled.size ?? 0 };
}

function known(settled: Settled | undefined): Findings {
  if (settled === undefined) throw new Error("nothing is known of the log");
  return settled.findings;
}

/** Acknowledged = accepted. Several commands may have claimed one key: one of them is right. */
function inTheLog({ sent }: Record, { effects, enrolled }: Findings): string | undefined {
  const members = new Set<string>();
  for (const [key, claims] of Map.groupBy(sent, ({ command }) => keyOf(command))) {
    const accepted = claims.filter(({ first }) => first !== undefined && !("refused" in first));
    if (accepted.length > 1)
      return `${key} stands for ${accepted.map(({ command }) => JSON.stringify(command.line)).join(" and ")}`;
    const answer = accepted[0]?.first;
    if (answer !== undefined && "member" in answer) {
      if (enrolled.get(answer.member) !== 1)
        return `${key}, enrolled as ${answer.member}, is there ${enrolled.get(answer.member) ?? 0} times`;
      if (members.has(answer.member)) return `${answer.member} stands for two members`;
      members.add(answer.member);
      continue;
    }
    const count = effects.get(key) ?? 0;
    if (answer !== undefined && count !== 1)
      return `${key} was acknowledged and is in the log ${count} times`;
    if (count > 1) return `${key} is in the log ${count} times`;
  }
  return strangerIn(sent, effects, enrolled);
}

/** What nobody asked for. */
function strangerIn(
  sent: readonly Sent[],
  effects: ReadonlyMap<string, number>,
  enrolled: ReadonlyMap<string, number>,
): string | undefined {
  const keys = new Set(sent.map(({ command }) => keyOf(command)));
  const stranger = [...effects.keys()].find((key) => !key.startsWith("taem") && !keys.has(key));
  if (stranger !== undefined) return `nobody sent ${stranger}`;
  const wanted = sent.filter(({ command }) => command.line.op === "enrol").length;
  return enrolled.size > wanted ? `${enrolled.size} members of ${wanted} enrolments` : undefined;
}

/** What each kind of effect is in the log. */
const TYPES: Readonly<globalThis.Record<string, readonly string[]>> = {
  earned: ["PointsEarned"],
  burned: ["PointsBurned"],
  held: ["HoldPlaced"],
  captured: ["HoldCaptured"],
  voided: ["HoldVoided"],
  earn_reversed: ["EarnReversed"],
  burn_reversed: ["BurnReversed"],
  transferred: ["TransferOut"],
  adjustment_requested: ["AdjustmentRequested"],
  adjustment_rejected: ["AdjustmentRejected"],
  adjustment_withdrawn: ["AdjustmentWithdrawn"],
  adjusted: ["AdjustmentCredited", "AdjustmentDebited"],
};

/** Points and kind, command by command: so that sums over the log are sums over what callers were told. */
function asTheLogSays({ sent }: Record, { applied }: Findings): string | undefined {
  for (const { command, first } of sent) {
    if (first === undefined || !("effect" in first)) continue;
    const { kind, points } = first.effect;
    const stored = applied.get(keyOf(command));
    const isThat =
      stored !== undefined && TYPES[kind]?.includes(stored.type) && stored.amount === BigInt(points);
    if (!isThat)
      return `${describeCommand(command)}: ${kind} ${points} in the answer, ${stored?.type} ${stored?.amount} in the log`;
  }
  return undefined;
}

function unbalanced({ ledger }: Findings): string | undefined {
  const total = [...ledger.values()].reduce((sum, balance) => sum + balance, 0n);
  return total === 0n ? undefined : `they sum to ${total}`;
}

async function compareTrialBalance(reader: Client, { ledger }: Findings): Promise<string | undefined> {
  const { currencies } = await reader.call("GET /v1/programmes/{programme}/trial-balance", {
    params: { programme: PROGRAMME },
    query: { currency: CURRENCY },
  });
  const [book] = currencies;
  if (book === undefined) return "there is none";
  if (book.totals.balance !== "0") return `it sums to ${book.totals.balance}`;
  const found = new Map(book.accounts.map(({ account, balance }) => [account, BigInt(balance)]));
  for (const account of new Set([...ledger.keys(), ...found.keys()])) {
    const [expected = 0n, actual = 0n] = [ledger.get(account), found.get(account)];
    if (expected !== actual) return `${account}: expected ${expected}, found ${actual}`;
  }
  return undefined;
}

const AT_ONCE = 16;

async function compareBalances(reader: Client, { accounts }: Findings): Promise<string | undefined> {
  const left = [...accounts.values()];
  const differences: string[] = [];
  const ask = async () => {
    for (let account = left.pop(); account !== undefined; account = left.pop()) {
      const { member, book, debt } = account;
      const { balance } = await reader.call("GET /v1/programmes/{programme}/members/{member}/balance", {
        params: { programme: PROGRAMME, member },
        query: { currency: CURRENCY },
      });
      if (balance.book === String(book) && balance.debt === String(debt)) continue;
      differences.push(
        `${member}: expected ${book} and debt ${debt}, found ${balance.book} and ${balance.debt}`,
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return differences[0];
}

async function toolFailure(environment: Environment, args: readonly string[]): Promise<string | undefined> {
  const { exitCode, out, err } = await runTool(args, environment);
  return exitCode === 0 ? undefined : `exit code ${exitCode}: ${(out + err).trim()}`;
}

/** Whatever was away came back, so nothing is to be given up. */
async function heldMessage(database: Database): Promise<string | undefined> {
  const [held] = await Array.fromAsync(heldMessages(database, "outbox"));
  return held && `${held.queue} holds ${held.key}, ${held.state}: ${held.error}`;
}
