import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type CheckResult, checkFile } from "../../src/check-run.ts";
import { openSource } from "../../src/source.ts";
import { parsedMapping } from "./mappings.ts";

/** A folder for files that are checked as an import would read them. */
export interface Checking extends AsyncDisposable {
  readonly folder: string;
  /** What an import of this content would do. */
  check(content: string | Uint8Array, mapping?: object, options?: CheckingOptions): Promise<CheckResult>;
}

export interface CheckingOptions {
  readonly duplicates?: "keep" | "reject";
  /** Comes from standard input instead of a file. */
  readonly piped?: boolean;
}

const LATEST = Date.UTC(2030, 0, 1);

export async function openChecking(): Promise<Checking> {
  const folder = await mkdtemp(join(tmpdir(), "taem-checking-"));
  let files = 0;
  const check: Checking["check"] = async (
    content,
    mapping = {},
    { duplicates = "keep", piped = false } = {},
  ) => {
    const path = join(folder, `file-${++files}`);
    if (!piped) await writeFile(path, content);
    const input = Readable.from([Buffer.from(content)]);
    return checkFile({
      source: await openSource(piped ? "-" : path, input),
      mapping: parsedMapping(mapping),
      zone: "Asia/Bangkok",
      duplicates,
      latest: LATEST,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
  };
  return { folder, check, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
