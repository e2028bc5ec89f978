import {
  addressOf,
  type Beside,
  type Config,
  dataPlaceOf,
  monitorOf,
  readConfig,
  runProgram,
  sameDataAs,
} from "@taem/host";
import type { Resource } from "@taem/runtime";
import { Command, InvalidArgumentError } from "commander";
import { contexts } from "./contexts.ts";
import type { DemonstrationOptions } from "./demonstration.ts";

const PROJECTION_THREAD = new URL("./projection-thread.ts", import.meta.url);

interface Options {
  readonly demo?: boolean;
  readonly members: number;
}

/** `taem start`: everything in one process, until stopped. */
export function startCommand(print: (line: string) => void): Command {
  return new Command("start")
    .description("run the services of this process, until stopped")
    .option("--demo", "play a simulated year of a programme first, unless it has been played")
    .option("--members <n>", "members of the simulated programme", positive, 3_000)
    .action(async (options: Options) => {
      // What a shutdown has abandoned may still hold the event loop.
      process.exit(await run(readConfig(process.env), options, print));
    });
}

function run(config: Config, options: Options, print: (line: string) => void): Promise<number> {
  const beside: Beside = (program) => {
    const demonstration: Resource = {
      name: "demonstration",
      start: (stopping) =>
        showDemonstration({ ...program(), members: options.members, signal: stopping }, print),
      stop: () => {},
    };
    const signpost: Resource = {
      name: "signpost",
      start: () => {
        const { platform, url, monitorUrl, hasApi } = program();
        print("");
        print(addressOf({ url, hasApi }));
        if (hasApi) print(`Docs  ${url}/docs`);
        print(monitorOf({ monitorUrl }));
        print(`Data  ${dataPlaceOf(config)}${platform.isNew ? ", a new installation" : ""}`);
        if (!hasApi) return;
        const keys = "npm run taem -- client create --name me --permissions read,finance,earn,burn,admin";
        print(`Keys  ${sameDataAs(config)}${keys}`);
      },
      stop: () => {},
    };
    return [...(options.demo ? [demonstration] : []), signpost];
  };
  return runProgram(config, contexts, { beside, projectionThread: PROJECTION_THREAD });
}

async function showDemonstration(
  options: Omit<DemonstrationOptions, "onProgress">,
  print: (line: string) => void,
): Promise<void> {
  const isTerminal = process.stderr.isTTY;
  let shown = Number.NEGATIVE_INFINITY;
  const onProgress = (line: string, isLast: boolean): void => {
    const now = performance.now();
    if (!isLast && now - shown < (isTerminal ? 200 : 10_000)) return;
    shown = now;
    process.stderr.write(isTerminal ? `\r\u001b[K${line}${isLast ? "\n" : ""}` : `${line}\n`);
  };
  // A service that plays nothing need not carry the simulation.
  const { DEMO_PROGRAMME, demonstrate, TemporaryClient } = await import("./demonstration.ts");
  const { financeReport } = await import("./finance-report.ts");
  await demonstrate({ ...options, onProgress });
  await using reader = await TemporaryClient.open(options.platform, options.url, "demo report");
  for (const line of await financeReport(reader.api, DEMO_PROGRAMME)) print(line);
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError("must be a whole number above 0");
  return value;
}
