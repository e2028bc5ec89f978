import { eventTypes } from "./described.ts";
import { goldenFolders, textsIn } from "./homes.ts";

/**
 * An event as it was once written: `<event-type>.<what>` in version 1, `<event-type>.v<version>.<what>` in later ones.
 * Stores and topics hold such bytes for ever: files are added, never changed.
 */
export interface GoldenFile {
  readonly file: string;
  readonly type: string;
  readonly version: number;
  readonly text: string;
}

const NAME = /^([a-z-]+)(?:\.v([0-9]+))?\.[a-z]+\.[a-z]+$/;

const typeOf = new Map<string, string>(
  eventTypes.map((type) => [type.replace(/(?<=.)[A-Z]/g, "-$&").toLowerCase(), type]),
);

/** Those of every context, of one kind of file. */
export function goldenFiles(extension: "json" | "hex"): GoldenFile[] {
  const all = goldenFolders.flatMap((folder) => [...textsIn(folder)]);
  const ofKind = all.filter(([file]) => file.endsWith(`.${extension}`));
  return ofKind.map(([file, text]) => {
    const [, kebab = "", version = "1"] = NAME.exec(file) ?? [];
    const type = typeOf.get(kebab);
    if (type === undefined) {
      throw new Error(`${file} is not named like an event: <event-type>[.v<version>].<what>.${extension}`);
    }
    return { file, type, version: Number(version), text };
  });
}
