import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(import.meta.resolve("./main.ts"));

export interface ServerProcessOptions {
  /** Keeps the events over the death of the process. */
  readonly data: string;
  /** A free one when undefined; that of before, to come back where clients look for it. */
  readonly port?: number;
}

/** The test server in a process of its own, to be killed or stopped. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP: its connections stay open, and nothing is answered. */
  pause(): void;
  resume(): void;
}

export async function startServerProcess({ data, port = 0 }: ServerProcessOptions): Promise<ServerProcess> {
  const args = [MAIN, "--data", data, "--port", String(port)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const end = async (signal: NodeJS.Signals) => {
    // What is stopped takes no other signal.
    child.kill("SIGCONT");
    child.kill(signal);
    await ended;
  };
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [, address] = /^listening (\S+)$/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
    });
    ended.then(() => reject(new Error(`the test server ended before it listened: ${complaints}`)), reject);
  });
  return {
    url,
    port: Number(/:(\d+)\?/.exec(url)?.[1]),
    pid: child.pid as number,
    kill: () => end("SIGKILL"),
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    [Symbol.asyncDispose]: () => end("SIGTERM"),
  };
}
