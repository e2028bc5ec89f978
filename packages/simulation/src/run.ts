import type { BulkAnswer, BulkLine, BusinessClock, Client, ProgrammeAnswer } from "@taem/client";
import { DAY } from "./bangkok-time.ts";
import type { DefinitionChange, Definitions } from "./definitions.ts";
import { type CommandLine, keyText, type PlannedLine, type SourceKey } from "./line.ts";
import type { Simulation } from "./simulation.ts";
import { Pass, type Summary, Tally } from "./tally.ts";

export interface SimulationRun {
  /** With the permissions earn, burn, opening, define, publish, adjust and approve, under any system. */
  readonly clerk: Api;
  /** Another principal, with the scope admin: approves what the clerk asked for. */
  readonly supervisor: Api;
  /** Its code. It is defined unless it exists. */
  readonly programme: string;
  /** Fresh: its chunks can be taken once. */
  readonly simulation: Simulation;
  /** Whether the programme's clock goes live after the last day. */
  readonly goesLive?: boolean;
  readonly onProgress?: (progress: Progress) => void;
  /** Rejects with its reason before the next day begins. */
  readonly signal?: AbortSignal;
}

export type Api = Pick<Client, "call" | "bulk">;

export interface Progress {
  readonly done: number;
  /** Simulated days. */
  readonly total: number;
  readonly lines: number;
  readonly linesPerSecond: number;
}

/**
 * Plays a simulation through the API and checks every answer. A run that broke off is taken up by running it again:
 * days that lie before the programme's clock are sent once more and change nothing; of those, lines that are to be
 * refused stay away, since the account is another by now. Rejects when the API cannot be reached or refuses as a whole.
 */
export async function runSimulation(run: SimulationRun): Promise<Summary> {
  const { clerk, programme, simulation, goesLive = false, onProgress, signal } = run;
  const startedAt = performance.now();
  const tally = new Tally();
  const player = new Player(run);
  const { clock } = await defineProgramme(clerk, programme, simulation.definitions);
  let clockAt = clock.at === undefined ? Number.POSITIVE_INFINITY : Date.parse(clock.at);
  for (const chunk of simulation.chunks) {
    signal?.throwIfAborted();
    const to = Date.parse(chunk.clockTo);
    const isNew = clockAt < to;
    if (isNew) await setClock(clerk, programme, { mode: "replay", at: chunk.clockTo });
    clockAt = Math.max(clockAt, to);
    if (chunk.change !== undefined) await publish(run, chunk.change);
    tally.add(await player.play(chunk.lines, isNew));
    const seconds = (performance.now() - startedAt) / 1_000;
    const done = Math.round((to - simulation.startsAt) / DAY);
    const { lines } = tally;
    onProgress?.({ done, total: simulation.days, lines, linesPerSecond: lines / seconds });
  }
  if (goesLive) await setClock(clerk, programme, { mode: "live" });
  return tally.summary((performance.now() - startedAt) / 1_000);
}

/**
 * Tells the API what the programme is, in the order in which one thing needs another; the programme after it. What is
 * defined already may have been changed since, and is left alone.
 */
export async function defineProgramme(
  api: Api,
  programme: string,
  { programme: body, currencies, rules, sources }: Definitions,
): Promise<ProgrammeAnswer> {
  const path = { params: { programme } };
  await api.call("PUT /v1/programmes/{programme}", { ...path, body });
  const known = await api.call("GET /v1/programmes/{programme}", path);
  for (const [currency, body] of Object.entries(currencies)) {
    if (known.currencies.some((one) => one.currency === currency)) continue;
    const params = { programme, currency };
    await api.call("PUT /v1/programmes/{programme}/currencies/{currency}", { params, body });
  }
  for (const [rule, body] of Object.entries(rules)) {
    if (known.rules.some((one) => one.rule === rule)) continue;
    await api.call("PUT /v1/programmes/{programme}/rules/{rule}", { params: { programme, rule }, body });
  }
  for (const [system, body] of Object.entries(sources)) {
    await api.call("PUT /v1/programmes/{programme}/sources/{system}", {
      params: { programme, system },
      body,
    });
  }
  return api.call("GET /v1/programmes/{programme}", path);
}

/** Proposed by the clerk and approved by the supervisor, unless it stands already. */
async function publish({ clerk, supervisor, programme }: SimulationRun, change: DefinitionChange) {
  const { currency, version, body } = change;
  const path = { params: { programme } };
  const { currencies } = await clerk.call("GET /v1/programmes/{programme}", path);
  if (currencies.some((one) => one.currency === currency && one.version >= version)) return;
  const asked = await clerk.call("PUT /v1/programmes/{programme}/currencies/{currency}", {
    params: { programme, currency },
    body,
  });
  if (!("proposal" in asked)) throw new Error(`the change of ${currency} was not proposed`);
  await supervisor.call("POST /v1/programmes/{programme}/proposals/{id}/approve", {
    params: { programme, id: asked.proposal },
    body: {},
  });
}

async function setClock(api: Api, programme: string, body: BusinessClock): Promise<void> {
  await api.call("PUT /v1/programmes/{programme}/clock", { params: { programme }, body });
}

const MOST_PASSES = 5;

class Player {
  readonly #run: SimulationRun;
  /** Of holds and adjustments, by the key of the line that made them. */
  readonly #ids = new Map<string, string>();

  constructor(run: SimulationRun) {
    this.#run = run;
  }

  /**
   * Where a connection broke, lines may have overtaken others of their account; then everything is sent again, which
   * repeats what was done and does what was refused for want of order.
   */
  async play(lines: readonly PlannedLine[], isNew: boolean): Promise<Pass> {
    let pass = await this.#pass(isNew ? lines : lines.filter(hasEffect), isNew);
    for (let count = 1; pass.hasFaults && pass.wasInterrupted && count < MOST_PASSES; count++) {
      pass = await this.#pass(lines.filter(hasEffect), false);
    }
    return pass;
  }

  async #pass(lines: readonly PlannedLine[], isNew: boolean): Promise<Pass> {
    const pass = new Pass(isNew);
    for (const group of bySender(lines)) await this.#send(group, pass);
    return pass;
  }

  async #send(group: readonly PlannedLine[], pass: Pass): Promise<void> {
    const { clerk, supervisor, programme } = this.#run;
    const api = group[0]?.by === "supervisor" ? supervisor : clerk;
    const sent: PlannedLine[] = [];
    const wire: BulkLine[] = [];
    for (const planned of group) {
      const line = this.#resolve(planned.line);
      if (line === undefined) pass.withhold(planned);
      else {
        sent.push(planned);
        wire.push(line);
      }
    }
    let next = 0;
    for await (const answer of api.bulk(programme, wire)) {
      const planned = sent[next++] as PlannedLine;
      this.#remember(answer);
      pass.judge(planned, answer);
    }
  }

  /** The line as the API takes it; undefined if what it refers to never came to be. */
  #resolve(line: CommandLine): BulkLine | undefined {
    switch (line.op) {
      case "capture":
      case "void": {
        const hold = this.#idOf(line.hold);
        return hold === undefined ? undefined : { ...line, hold };
      }
      case "approve":
      case "reject":
      case "withdraw": {
        const adjustment = this.#idOf(line.adjustment);
        return adjustment === undefined ? undefined : { ...line, adjustment };
      }
      default:
        return line;
    }
  }

  #idOf(key: SourceKey): string | undefined {
    return this.#ids.get(keyText(key));
  }

  #remember(answer: BulkAnswer): void {
    const { line } = answer;
    if (!("result" in answer) || (line.op !== "hold" && line.op !== "adjust")) return;
    const effect = "effect" in answer.result ? answer.result.effect : undefined;
    const id = effect?.hold?.id ?? effect?.adjustment?.id;
    if (id !== undefined) this.#ids.set(keyText(line.source), id);
  }
}

function hasEffect({ expected: { outcome } }: PlannedLine): boolean {
  return outcome === "accepted" || outcome === "replayed";
}

/** Runs of neighbours with one sender: what a supervisor decides keeps its place among the clerk's lines. */
function bySender(lines: readonly PlannedLine[]): PlannedLine[][] {
  const groups: PlannedLine[][] = [];
  for (const line of lines) {
    const last = groups.at(-1);
    if (last?.[0]?.by === line.by) last.push(line);
    else groups.push([line]);
  }
  return groups;
}
