import { execFileSync } from "node:child_process";
import { expect } from "vitest";
import { printableConfig, readConfig } from "../../../packages/host/src/config.ts";
import { taemImage } from "./image.ts";

const KNOWN = new Set(["NODE_ENV", "NODE_OPTIONS", ...Object.keys(printableConfig(readConfig({})))]);

/** What every service answers without a key, to its callers and to those who run it. */
export const SERVED_PATHS = ["/health/live", "/health/ready"];
export const MONITOR_PATHS = [...SERVED_PATHS, "/metrics"];

/** The configuration of a container that is given `variables`: each of them is known, and its value accepted. */
export function settingsOf(variables: Readonly<Record<string, string>>) {
  const environment = { ...taemImage.environment, ...variables };
  const unknown = Object.keys(environment).filter((name) => !KNOWN.has(name));
  expect(unknown, "no service knows these settings").toEqual([]);
  // Throws where Node does not know them.
  execFileSync(process.execPath, ["--eval", "0"], {
    env: { NODE_OPTIONS: environment["NODE_OPTIONS"] },
    stdio: "ignore",
  });
  return readConfig(environment);
}
