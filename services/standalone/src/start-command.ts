import { runService } from "@taem/runtime";
import { Command } from "commander";
import { readConfig } from "./config.ts";
import { openPlatform } from "./platform.ts";
import { startProgram } from "./program.ts";

/** `taem start`: everything in one process, until stopped. */
export function startCommand(print: (line: string) => void): Command {
  return new Command("start").description("run every service in this process").action(async () => {
    const config = readConfig(process.env);
    await using platform = await openPlatform(config);
    const running = new AsyncDisposableStack();
    const exitCode = await runService({
      name: "taem",
      logger: platform.logger,
      health: platform.health,
      stopLimitMs: config.TAEM_STOP_LIMIT,
      resources: [
        {
          name: "program",
          start: async () => {
            const program = running.use(await startProgram(platform, config));
            print(`API   ${program.url}/v1`);
            print(`Docs  ${program.url}/docs`);
          },
          stop: () => running.disposeAsync(),
        },
      ],
    });
    process.exitCode = exitCode;
  });
}
