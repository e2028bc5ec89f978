import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { EventType } from "../../src/index.ts";
import { eventTypes } from "./described.ts";

/**
 * An event as it was once written: `<event-type>.<what>` in version 1, `<event-type>.v<version>.<what>` in later ones.
 * Stores and topics hold such bytes for ever: files are added, never changed.
 */
export interface GoldenFile {
  readonly file: string;
  readonly type: EventType;
  readonly version: number;
  readonly text: string;
}

const NAME = /^([a-z-]+)(?:\.v([0-9]+))?\.[a-z]+\.[a-z]+$/;

const typeOf = new Map<string, EventType>(
  eventTypes.map((type) => [type.replace(/(?<=.)[A-Z]/g, "-$&").toLowerCase(), type]),
);

export function goldenFiles(folder: string, extension: string): GoldenFile[] {
  const path = join(import.meta.dirname, "..", folder);
  return readdirSync(path).map((file) => {
    const [, kebab = "", version = "1"] = NAME.exec(file) ?? [];
    const type = typeOf.get(kebab);
    if (type === undefined || !file.endsWith(`.${extension}`)) {
      throw new Error(`${file} is not named like an event: <event-type>[.v<version>].<what>.${extension}`);
    }
    return { file, type, version: Number(version), text: readFileSync(join(path, file), "utf8") };
  });
}
