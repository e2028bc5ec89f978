import { allocateYoung, ConfigError, type Logger, type Resource, runService } from "@taem/runtime";
import { type Config, printableConfig, readConfig, type ServiceName } from "./config.ts";
import type { AnyContext } from "./context.ts";
import { whenThere } from "./patience.ts";
import { warnOfPlaintext } from "./plaintext.ts";
import { openPlatform, type Platform, serviceLogger } from "./platform.ts";
import { startProgram } from "./program.ts";
import { messageOf, startFaultOf } from "./start-fault.ts";

/** A program that serves. */
export interface RunningProgram {
  readonly platform: Platform;
  /** Where it is served. */
  readonly url: string;
  /** Where it tells what it measures, and whether it works. */
  readonly monitorUrl: string;
  /** Whether routes are served there, beside health, metrics and documentation. */
  readonly hasApi: boolean;
}

/** What is to be done beside serving: started once the program serves, which is known by then and not before. */
export type Beside = (program: () => RunningProgram) => readonly Resource[];

export interface ProgramOptions {
  readonly beside?: Beside;
  /** A module that calls `projectHere` with the same contexts. */
  readonly projectionThread?: URL;
}

/** Runs a program until it is told to stop, from when the servers that it stands on are there; its exit code. */
export async function runProgram(
  config: Config,
  contexts: readonly AnyContext[],
  { beside = () => [], projectionThread }: ProgramOptions = {},
): Promise<number> {
  allocateYoung();
  const logger = serviceLogger(config);
  logger.info({ config: printableConfig(config) }, "starting with this configuration");
  await warnOfPlaintext(config, logger);
  let running: Begun | undefined;
  const program: Resource = {
    name: "program",
    start: async (stopping) => {
      // An embedded server would outlive a process that does not wait for it: its start is not broken off.
      const signal = config.DATABASE_URL === undefined ? {} : { signal: stopping };
      const begin = () => beginProgram(config, contexts, logger, projectionThread);
      try {
        running = await whenThere(begin, { limitMs: config.TAEM_START_LIMIT, logger, ...signal });
      } catch (error) {
        throw startFaultOf(error, contexts);
      }
    },
    stop: async () => running?.[Symbol.asyncDispose](),
  };
  return await runService({
    name: "taem",
    logger,
    health: { drain: () => running?.platform.health.drain() },
    stopLimitMs: config.TAEM_STOP_LIMIT,
    resources: [program, ...beside(() => running as Begun)],
  });
}

interface Begun extends RunningProgram, AsyncDisposable {}

async function beginProgram(
  config: Config,
  contexts: readonly AnyContext[],
  logger: Logger,
  projectionThread: URL | undefined,
): Promise<Begun> {
  await using undo = new AsyncDisposableStack();
  const platform = undo.use(await openPlatform(config, contexts, logger));
  const { url, monitorUrl, hasApi } = undo.use(await startProgram(platform, config, { projectionThread }));
  const begun = undo.move();
  return { platform, url, monitorUrl, hasApi, [Symbol.asyncDispose]: () => begun.disposeAsync() };
}

/** Exit code where the environment cannot be used as it is. */
const UNUSABLE = 2;

/** The main program of one service: which contexts, in its role, until it is told to stop. */
export async function main(service: ServiceName, contexts: readonly AnyContext[]): Promise<never> {
  let exitCode = 1;
  try {
    const config = readConfig({ ...process.env, TAEM_SERVICES: service });
    exitCode = await runProgram(config, contexts, {
      beside: (program) => [
        {
          name: "signpost",
          start: () => {
            process.stdout.write(`${addressOf(program())}\n${monitorOf(program())}\n`);
          },
          stop: () => {},
        },
      ],
    });
  } catch (error) {
    process.stderr.write(`taem: ${messageOf(error, contexts)}\n`);
    if (error instanceof ConfigError) exitCode = UNUSABLE;
  }
  // What a shutdown has abandoned may still hold the event loop.
  process.exit(exitCode);
}

/** A line that says where to call a program: one that serves no API has its health to ask for. */
export function addressOf({ url, hasApi }: Pick<RunningProgram, "url" | "hasApi">): string {
  return hasApi ? `API   ${url}/v1` : `Health  ${url}/health/ready`;
}

/** A line that says where those who run a program look. */
export function monitorOf({ monitorUrl }: Pick<RunningProgram, "monitorUrl">): string {
  return `Ops   ${monitorUrl}/metrics`;
}
