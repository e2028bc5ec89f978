import { StampProgram, type StampProgramOptions } from "./stamp-program.ts";
import { Steps } from "./steps.ts";

export interface StampMainOptions extends StampProgramOptions {
  /** After it the process sends itself the signal. */
  readonly lastStep?: string;
  readonly signal?: "SIGKILL" | "SIGSTOP";
}

/** One run of the stamp program; says in the end which steps it took. */
const { lastStep, signal, ...options } = JSON.parse(process.argv[2] as string) as StampMainOptions;
const steps = new Steps(lastStep, signal);
{
  await using program = await StampProgram.start(options, steps);
  await program.finish();
}
process.stdout.write(JSON.stringify([...steps.taken]));
