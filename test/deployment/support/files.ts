import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";

/** The top of the repository, with a slash at its end. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export function readText(path: string): string {
  return readFileSync(`${ROOT}${path}`, "utf8");
}

export function readYaml<T>(path: string): T {
  return parse(readText(path), { merge: true, uniqueKeys: true }) as T;
}

/** Every document of a file. */
export function readYamls<T>(path: string): T[] {
  return parseAllDocuments(readText(path), { merge: true, uniqueKeys: true }).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS() as T;
  });
}

/** A file of `NAME=value` lines, as containers are given them. */
export function readEnvironment(path: string): Record<string, string> {
  const lines = readText(path).split("\n");
  return environmentOf(lines.filter((line) => line !== "" && !line.startsWith("#")));
}

export function environmentOf(assignments: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    assignments.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}
