import { basename } from "node:path";
import { type CheckPlan, type CheckResult, checkFile } from "./check-run.ts";
import { exitCodes, onInterruption, runCommand, type Terminal } from "./command.ts";
import { type Kind, type Mapping, mappingSchema, readMapping } from "./mapping.ts";
import { openProgress, say } from "./progress.ts";
import { proposeMapping } from "./proposal.ts";
import { columns, type Line, linesOf, number, rejects } from "./report-lines.ts";
import { openSource } from "./source.ts";
import { rowsMeant, takenRows } from "./tally.ts";
import { printable } from "./text.ts";

export interface CheckCommandOptions {
  /** `-` is standard input. */
  readonly file: string;
  /** Path of the mapping; without one, a mapping is proposed. */
  readonly mapping?: string | undefined;
  readonly duplicates?: "keep" | "reject" | undefined;
}

/** A row may be a little ahead of this machine's clock. */
const TOLERANCE_MS = 5 * 60_000;

/**
 * `taem import --check`: says what an import would do, without a server; without a mapping, it proposes one. Resolves
 * with the exit code.
 */
export function checkCommand(options: CheckCommandOptions, terminal: Terminal): Promise<number> {
  const { mapping } = options;
  return runCommand(terminal, () =>
    mapping === undefined ? propose(options, terminal) : checkWith(mapping, options, terminal),
  );
}

/** The mapping alone goes to the output, so that it can go to a file; what would happen with it, beside it. */
async function propose(
  { file, duplicates = "keep" }: CheckCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const { out, err } = terminal;
  const source = await openSource(file, terminal.in);
  const { mapping, choices, questions } = await proposeMapping(source, Date.now());
  out.write(`${printable(JSON.stringify(mapping, undefined, 2))}\n`);
  for (const choice of choices) say(err, "dim", choice);
  for (const question of questions) say(err, "yellow", question);
  if (source.size === undefined) {
    say(
      err,
      "dim",
      "Standard input is read once: give the mapping, and the file again, to see what would happen.",
    );
    return exitCodes.done;
  }
  return await check(
    { source, mapping: mappingSchema.parse(mapping), duplicates },
    { ...terminal, out: err },
  );
}

async function checkWith(path: string, options: CheckCommandOptions, terminal: Terminal): Promise<number> {
  const mapping = await readMapping(path);
  const { file, duplicates = "keep" } = options;
  return await check({ source: await openSource(file, terminal.in), mapping, duplicates }, terminal);
}

async function check(
  { source, mapping, duplicates }: Pick<CheckPlan, "source" | "mapping" | "duplicates">,
  terminal: Terminal,
): Promise<number> {
  using progress = openProgress(terminal.err, source.size);
  using interruption = onInterruption(terminal.signals, () => progress.note("Stopping."));
  const { zone, isSure } = zoneOf(mapping);
  const { signal } = interruption;
  const latest = Date.now() + TOLERANCE_MS;
  const onProgress = progress.reading;
  const result = await checkFile({ source, mapping, zone, duplicates, latest, signal, onProgress });
  progress.end();
  if (signal.aborted) return exitCodes.interrupted;
  terminal.out.write(checkTable(source.name, mapping, result));
  for (const { line, reason, detail } of result.rejects) {
    say(terminal.err, "yellow", `line ${line}: ${reason}: ${detail}`);
  }
  if (!isSure)
    say(terminal.err, "dim", `Local times are read in ${zone}; the import takes the programme's zone.`);
  return takenRows(result.tally) === 0 && rowsMeant(result.tally) > 0
    ? exitCodes.nothingTaken
    : exitCodes.done;
}

/** Where local times are not said to be in a zone, it is the programme's, which only the server knows. */
function zoneOf({ time, expiry, define }: Mapping): { zone: string; isSure: boolean } {
  const needed = [
    "column" in time ? (time.zone ?? "") : "-",
    expiry === undefined ? "-" : (expiry.zone ?? ""),
  ];
  return { zone: define?.zone ?? "UTC", isSure: define !== undefined || !needed.includes("") };
}

function checkTable(name: string, mapping: Mapping, result: CheckResult): string {
  const { tally, members, first, last, isNewestFirst } = result;
  const kinds: readonly (readonly [label: string, kind: Kind])[] = [
    ["earns", "earn"],
    ["reversals", "reversal"],
    ["opening balances", "opening_balance"],
  ];
  const lines: Line[] = [
    ...linesOf(tally),
    ...kinds.map(
      ([label, kind]): Line => [label, tally.taken[kind], amountOf(mapping, result.amounts[kind])],
    ),
    ...rejects(tally),
    ["members", members],
    ["first", instantOf(first)],
    ["last", instantOf(last)],
    ["order", isNewestFirst ? "newest first" : "as it comes", isNewestFirst ? "read from the end" : ""],
  ];
  return `Check of ${basename(name)}: nothing was sent\n\n${columns(lines)}\n`;
}

function instantOf(at: number | undefined): string {
  return at === undefined ? "none" : new Date(at).toISOString();
}

function amountOf({ amount: { decimals }, spend, points }: Mapping, units: bigint): string {
  if (units === 0n) return "";
  const digits = String(units).padStart(decimals + 1, "0");
  const whole = number(BigInt(digits.slice(0, digits.length - decimals)));
  const fraction = decimals === 0 ? "" : `.${digits.slice(-decimals)}`;
  return `${whole}${fraction} ${spend?.currency ?? points}`;
}
