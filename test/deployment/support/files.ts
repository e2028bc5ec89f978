import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** The top of the repository, with a slash at its end. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export function readText(path: string): string {
  return readFileSync(`${ROOT}${path}`, "utf8");
}

export function readYaml<T>(path: string): T {
  return parse(readText(path), { merge: true, uniqueKeys: true }) as T;
}
