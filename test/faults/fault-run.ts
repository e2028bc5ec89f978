import { setTimeout as delay } from "node:timers/promises";
import { type Client, createClient } from "@taem/client";
import { openEsdbEventStore } from "@taem/event-store-esdb";
import { openPool } from "@taem/postgres";
import { type Definitions, defineProgramme } from "@taem/simulation";
import { Callers } from "./callers.ts";
import { type Injected, injectFaults } from "./fault-injector.ts";
import { type Fault, faultSchedule } from "./fault-schedule.ts";
import { type Folders, startInstallation } from "./installation.ts";
import { Record } from "./record.ts";
import {
  ADJUSTMENT_LIMIT,
  type Answer,
  type Command,
  CURRENCY,
  MAX_BALANCE,
  ORDERS,
  opening,
  PROGRAMME,
} from "./script.ts";
import { judge, type Verdict } from "./verdict.ts";

export interface FaultRunOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly kills: number;
  /** Shortest and longest SIGSTOP, in milliseconds. */
  readonly stopMs: readonly [number, number];
  readonly folders: Folders;
  readonly signal: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

export interface FaultRun {
  readonly faults: readonly Fault[];
  readonly injected: readonly Injected[];
  readonly verdict: Verdict;
  readonly commands: {
    readonly sent: number;
    readonly accepted: number;
    readonly refused: number;
    readonly unanswered: number;
  };
  /** Milliseconds that the patientest caller waited for an answer. */
  readonly longestMs: number;
  /** Milliseconds from the last recovery to the verdict. */
  readonly judgedMs: number;
}

const CALLERS = 32;
/** Between two commands of one caller, in the mean. */
const THINK_MS = 500;
/** Callers go on a little after the last fault. */
const AFTERMATH_MS = 3_000;
/** What passes by itself while servers come back may take so long. */
const PATIENCE_MS = 120_000;

const DEFINITIONS = {
  programme: { name: "Faults", zone: "Asia/Bangkok", clock: { mode: "live" } },
  currencies: {
    [CURRENCY]: {
      expiry: { kind: "never" },
      clawback: "unlimited",
      adjustmentLimit: String(ADJUSTMENT_LIMIT),
      maxBalance: String(MAX_BALANCE),
    },
  },
  rules: { base: { currency: CURRENCY, money: "THB", per: "2500", points: "1" } },
  sources: { [ORDERS]: { keys: "programme" } },
} as const satisfies Definitions;

export const ROLES = [
  "commands-1",
  "commands-2",
  "relay",
  "ledger",
  "scheduler",
  "broker",
  "postgres",
  "event-store",
] as const;

/** Hurts every role of an installation of its own while callers go on, and judges what is left. */
export async function runFaults(options: FaultRunOptions): Promise<FaultRun> {
  const { seed, durationMs, kills, stopMs, folders, signal, onProgress = () => {} } = options;
  const faults = faultSchedule({ seed, roles: ROLES, durationMs, kills, stopMs });
  await using undo = new AsyncDisposableStack();
  const { topology, environment, roles, deaths } = undo.use(await startInstallation(folders, signal));
  onProgress("the installation runs");
  const client = async (name: string): Promise<Client> =>
    undo.use(createClient({ url: topology.url, key: await topology.key(name), deadlineMs: PATIENCE_MS }));
  const clients = { clerk: await client("clerk"), supervisor: await client("supervisor") };
  const record = new Record();
  const callers = new Callers(clients, record);
  await open(clients.clerk, callers);
  onProgress(`${CALLERS} callers begin`);

  const injected = await hurt(callers);
  onProgress("all roles are back; judging");
  const store = undo.use(await openEsdbEventStore({ url: environment["EVENTSTORE_URL"] as string }));
  const url = environment["DATABASE_URL"] as string;
  const database = undo.use(openPool({ url, max: 1, applicationName: "verdict" }));
  const { sent } = record;
  const accepted = sent.filter(({ first }) => first !== undefined && !("refused" in first)).length;
  const unanswered = sent.filter(({ first }) => first === undefined).length;
  const commands = { sent: sent.length, accepted, refused: sent.length - accepted - unanswered, unanswered };
  const began = performance.now();
  const reader = clients.supervisor;
  const verdict = await judge({ record, callers, reader, store, database, environment, deaths });
  return {
    ...{ faults, injected, verdict, commands, longestMs: callers.longestMs },
    judgedMs: performance.now() - began,
  };

  async function hurt(callers: Callers): Promise<Injected[]> {
    const done: Injected[] = [];
    let isOver = false;
    const calling = Array.from({ length: CALLERS }, (_, i) => callers.call(seed, i, THINK_MS, () => isOver));
    try {
      await injectFaults(faults, roles, signal, (one) => {
        done.push(one);
        onProgress(describeInjected(one));
      });
      await delay(AFTERMATH_MS, undefined, { signal });
    } finally {
      isOver = true;
      await Promise.all(calling);
    }
    return done;
  }
}

async function open(clerk: Client, callers: Callers): Promise<void> {
  await defineProgramme(clerk, PROGRAMME, DEFINITIONS);
  const script = opening();
  for (let { done, value } = script.next(); done !== true; ) {
    const answer = await callers.send(value as Command);
    ({ done, value } = script.next(answer as Answer));
  }
}

function describeInjected({ fault, from, to }: Injected): string {
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  const what = fault.fault === "kill" ? "SIGKILL" : "SIGSTOP";
  return `${seconds(from).padStart(8)}  ${fault.role.padEnd(12)} ${what}, back after ${seconds(to - from)}`;
}
