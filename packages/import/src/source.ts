import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { type FileKind, fileKind, HEAD_BYTES, nameOf } from "./file-kind.ts";
import { UsageError } from "./usage-error.ts";

/** Where rows come from: a file, or standard input under the name `-`. */
export interface Source {
  readonly name: string;
  /** Bytes, as far as they are known. */
  readonly size: number | undefined;
  /** From its beginning; standard input can be read once. */
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** Bytes read so far. */
export interface Meter {
  bytes: number;
}

/** Bytes of text that a packed file may unpack to. */
const MAX_UNPACKED = 16 * 2 ** 30;

/** Rejects with a `UsageError` if there is no such file. */
export async function openSource(file: string, input: Readable): Promise<Source> {
  if (file === "-") return { name: "standard input", size: undefined, open: () => input };
  try {
    const { size } = await stat(file);
    return { name: file, size, open: () => createReadStream(file) };
  } catch (error) {
    throw new UsageError("file_unreadable", `${file} cannot be read: ${(error as Error).message}`);
  }
}

export interface OpenedSource {
  readonly kind: FileKind;
  /** Unpacked. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Looks into a source, and unpacks it if it is packed with gzip. */
export async function unpacked(
  source: Source,
  encoding: string,
  meter: Meter,
  maxUnpacked = MAX_UNPACKED,
): Promise<OpenedSource> {
  const outer = await peeked(metered(source.open(), meter), encoding);
  if (outer.kind.is !== "gzip") return outer;
  const inner = await peeked(gunzipped(outer.bytes, source, maxUnpacked), encoding);
  if (inner.kind.is === "text") return inner;
  return {
    ...inner,
    kind: { is: "other", what: `${nameOf(inner.kind)} inside a gzip file; unpack it first` },
  };
}

async function* metered(bytes: AsyncIterable<Uint8Array>, meter: Meter): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    meter.bytes += chunk.length;
    yield chunk;
  }
}

/** The kind of what comes, and all of it. */
async function peeked(bytes: AsyncGenerator<Uint8Array>, encoding: string): Promise<OpenedSource> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < HEAD_BYTES) {
    const next = await bytes.next();
    if (next.done === true) break;
    chunks.push(next.value);
    length += next.value.length;
  }
  const head = Buffer.concat(chunks);
  return { kind: fileKind(head.subarray(0, HEAD_BYTES), encoding), bytes: followed(head, bytes) };
}

async function* followed(head: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield head;
    yield* rest;
  } finally {
    await rest.return(undefined); // closes the file, also where nobody read that far
  }
}

async function* gunzipped(
  packed: AsyncIterable<Uint8Array>,
  { name }: Source,
  maxUnpacked: number,
): AsyncGenerator<Uint8Array> {
  let length = 0;
  // What fails in either stream is thrown by the loop.
  const stream = pipeline(Readable.from(packed), createGunzip(), () => undefined);
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxUnpacked) throw tooLarge(name, maxUnpacked);
    yield chunk;
  }
}

export function tooLarge(name: string, limit: number): UsageError {
  const most = `${Math.floor(limit / 2 ** 20).toLocaleString("en-US")} MiB`;
  return new UsageError(
    "file_too_large",
    `${name} unpacks to more than ${most}: split it, if it is what it says it is`,
  );
}
