import { allocateYoung, ConfigError, type Resource, runService } from "@taem/runtime";
import { type Config, printableConfig, readConfig, type ServiceName } from "./config.ts";
import type { AnyContext } from "./context.ts";
import { messageOf } from "./database-fault.ts";
import { openPlatform, type Platform } from "./platform.ts";
import { startProgram } from "./program.ts";

/** What is to be done beside serving, once the program serves. */
export type Beside = (running: {
  readonly platform: Platform;
  /** Where the API is served. */
  readonly url: () => string;
  /** Where metrics and health are. */
  readonly monitorUrl: () => string;
}) => readonly Resource[];

export interface ProgramOptions {
  readonly beside?: Beside;
  /** A module that calls `projectHere` with the same contexts. */
  readonly projectionThread?: URL;
}

/** Runs a program until it is told to stop; its exit code. */
export async function runProgram(
  config: Config,
  contexts: readonly AnyContext[],
  { beside = () => [], projectionThread }: ProgramOptions = {},
): Promise<number> {
  allocateYoung();
  await using platform = await openPlatform(config, contexts);
  platform.logger.info({ config: printableConfig(config) }, "starting with this configuration");
  const running = new AsyncDisposableStack();
  let url = "";
  let monitorUrl = "";
  const program: Resource = {
    name: "program",
    start: async () => {
      ({ url, monitorUrl } = running.use(await startProgram(platform, config, { projectionThread })));
    },
    stop: () => running.disposeAsync(),
  };
  return await runService({
    name: "taem",
    logger: platform.logger,
    health: platform.health,
    stopLimitMs: config.TAEM_STOP_LIMIT,
    resources: [program, ...beside({ platform, url: () => url, monitorUrl: () => monitorUrl })],
  });
}

/** Exit code where the environment cannot be used as it is. */
const UNUSABLE = 2;

/** The main program of one service: which contexts, in its role, until it is told to stop. */
export async function main(service: ServiceName, contexts: readonly AnyContext[]): Promise<never> {
  let exitCode = 1;
  try {
    const config = readConfig({ ...process.env, TAEM_SERVICES: service });
    exitCode = await runProgram(config, contexts, {
      beside: ({ url, monitorUrl }) => [
        {
          name: "signpost",
          start: () => {
            process.stdout.write(`API   ${url()}/v1\nOps   ${monitorUrl()}/metrics\n`);
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
