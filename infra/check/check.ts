/** Runs every script of package.json called `check:...`, all of them even when one fails, and shows what failed. */
import { spawn } from "node:child_process";
import manifest from "../../package.json" with { type: "json" };

interface Outcome {
  readonly passed: boolean;
  readonly output: string;
}

function run(command: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: ["ignore", "pipe", "pipe"] });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ passed: code === 0, output: Buffer.concat(chunks).toString() }));
  });
}

const checks = Object.entries(manifest.scripts).filter(([name]) => name.startsWith("check:"));
const outcomes = await Promise.all(
  checks.map(async ([name, command]) => ({ name, command, ...(await run(command)) })),
);
for (const { name, command, passed, output } of outcomes) {
  console.log(passed ? `ok      ${name}` : `FAILED  ${name} (${command})\n\n${output}`);
}
process.exitCode = outcomes.every((outcome) => outcome.passed) ? 0 : 1;
