import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(import.meta.resolve("../../services/standalone/src/cli.ts"));

/** The standalone program in a process of its own, as an operator starts it. */
export interface ProgramProcess extends AsyncDisposable {
  readonly url: string;
  /** SIGKILL: whatever it is doing ends there. */
  kill(): Promise<void>;
}

export async function startProcess(databaseUrl: string): Promise<ProgramProcess> {
  const child = spawn(process.execPath, [CLI, "start"], {
    env: { DATABASE_URL: databaseUrl, TAEM_PORT: "0", TAEM_LOG_LEVEL: "error" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  // A test that is abandoned must not leave it running.
  const abandon = () => child.kill("SIGKILL");
  process.once("exit", abandon);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
    process.off("exit", abandon);
  };
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const address = /^API\s+(\S+)\/v1$/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    ended.then(() => reject(new Error(`the program ended before it served: ${complaints}`)), reject);
  });
  return { url, kill: () => end("SIGKILL"), [Symbol.asyncDispose]: () => end("SIGTERM") };
}
