import { StampProgram, type StampProgramOptions } from "./stamp-program.ts";
import { Steps } from "./steps.ts";

/** One run of the stamp program; it ends itself by SIGKILL after `lastStep`, else it tells the steps that it took. */
const { lastStep, ...options } = JSON.parse(process.argv[2] as string) as StampProgramOptions & {
  readonly lastStep?: string;
};
const steps = new Steps(lastStep);
{
  await using program = await StampProgram.start(options, steps);
  await program.finish();
}
process.stdout.write(JSON.stringify([...steps.taken]));
