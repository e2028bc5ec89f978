import { runTool } from "@taem/testing/program-process";
import { expect, test } from "vitest";
import { readText } from "./support/files.ts";

const texts = ["infra/RUNBOOK.md", "infra/README.md"].map(readText).join("\n");

/** Every `taem <command>` that somebody is told to type: the words that choose it, and all options it is given. */
const commands = new Map<string, Set<string>>();
for (const [, line = ""] of texts.matchAll(/(?:^|`)taem ([a-z][^`\n]*)/gm)) {
  const [words, options] = [line.split(" "), line.match(/--[a-z-]+/g) ?? []];
  const name = words.slice(0, words[0] === "parked" ? 2 : 1).join(" ");
  commands.set(name, new Set([...(commands.get(name) ?? []), ...options]));
}

test.each([...commands])(
  "the command %s, which the runbook tells to run, is there",
  async (name, options) => {
    const { exitCode, out } = await runTool([...name.split(" "), "--help"]);
    expect(exitCode).toBe(0);
    expect(out).toContain(`Usage: taem ${name} `);
    for (const option of options) expect(out).toContain(`${option} `);
  },
);
