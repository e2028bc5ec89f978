import { existsSync } from "node:fs";
import { environmentOf, ROOT, readText } from "./files.ts";

/** What the Dockerfile says, stage by stage. */
interface Stage {
  readonly instructions: readonly { readonly name: string; readonly arguments: string }[];
}

const stages: readonly Stage[] = readText("infra/Dockerfile")
  .replaceAll(/^#.*\n/gm, "")
  .replaceAll("\\\n", " ")
  .split(/^(?=FROM )/m)
  .filter((stage) => stage.startsWith("FROM "))
  .map((stage) => ({
    instructions: stage
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => {
        const [name = "", ...rest] = line.trim().split(" ");
        return { name, arguments: rest.join(" ") };
      }),
  }));

function argumentsOf(stage: Stage | undefined, name: string): string[] {
  return stage?.instructions.filter((one) => one.name === name).map((one) => one.arguments) ?? [];
}

const [install, image] = [stages[0], stages.at(-1)];
const environment = environmentOf(argumentsOf(image, "ENV"));

/** The image of infra/Dockerfile, read and not built. */
export const taemImage = {
  /** What it is made on, unless the build is told otherwise. */
  base: /^ARG NODE_IMAGE=(\S+)$/m.exec(readText("infra/Dockerfile"))?.[1],
  /** Every file and folder that the build copies in. */
  sources: argumentsOf(install, "COPY").flatMap((line) => line.split(" ").slice(0, -1)),
  installCommand: argumentsOf(install, "RUN").join(" && "),
  environment,
  user: Number(argumentsOf(image, "USER")[0]?.split(":")[0]),
  port: Number(argumentsOf(image, "EXPOSE")[0]),
  healthCheck: JSON.parse(
    /CMD (\[.+\])/.exec(argumentsOf(image, "HEALTHCHECK")[0] ?? "")?.[1] ?? "[]",
  ) as string[],
  entryPoint: JSON.parse(argumentsOf(image, "ENTRYPOINT")[0] ?? "[]") as string[],
  defaultArguments: JSON.parse(argumentsOf(image, "CMD")[0] ?? "[]") as string[],
} as const;

/** The main program of a service, as a container is given it. Throws where there is none. */
export function mainOf(service: string): string {
  const main = `services/${service}/src/main.ts`;
  if (!existsSync(`${ROOT}${main}`)) throw new Error(`there is no ${main}`);
  return main;
}
