/**
 * What a file is, by its first bytes; for a sentence that says why it cannot be read. `encoding`: it is text in that one
 * instead of the one that was expected.
 */
export type FileKind =
  | { readonly is: "text" | "gzip" | "workbook" }
  | { readonly is: "other"; readonly what: string; readonly encoding?: string };

/** Bytes that tell enough. */
export const HEAD_BYTES = 4_096;

const MAGIC: readonly (readonly [hex: string, what: string])[] = [
  ["d0cf11e0a1b11ae1", "an old Excel file (.xls), or an Excel file with a password"],
  ["25504446", "a PDF file"],
  ["50415231", "a Parquet file"],
  ["53514c69746520666f726d6174", "an SQLite database"],
  ["89504e47", "a picture (PNG)"],
  ["ffd8ff", "a picture (JPEG)"],
  ["425a68", "a file packed with bzip2"],
  ["fd377a585a00", "a file packed with xz"],
  ["28b52ffd", "a file packed with zstd"],
  ["377abcaf271c", "a 7-Zip archive"],
  ["52617221", "a RAR archive"],
];

const MARKUP: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^<(!doctype html|html|table|head|meta)/i, "a web page (HTML), whatever its name says"],
  [/^<\?xml/i, "an XML file"],
  [/^[[{]\s*["{]/, "a JSON file"],
];

/** Judges the first bytes of a file. `encoding` is the one in which text is expected. */
export function fileKind(head: Buffer, encoding: string): FileKind {
  if (startsWith(head, "1f8b")) return { is: "gzip" };
  if (startsWith(head, "504b0304")) return zipKind(head.toString("latin1"));
  const magic = MAGIC.find(([hex]) => startsWith(head, hex));
  if (magic !== undefined) return { is: "other", what: magic[1] };
  const isUtf16 = startsWith(head, "fffe") || startsWith(head, "feff");
  if (isUtf16 && !new TextDecoder(encoding).encoding.startsWith("utf-16")) {
    const unexpected = head[0] === 0xff ? "utf-16le" : "utf-16be";
    return { is: "other", what: `text in UTF-16; say "encoding": "${unexpected}"`, encoding: unexpected };
  }
  const text = new TextDecoder(encoding).decode(head).trimStart();
  const markup = MARKUP.find(([pattern]) => pattern.test(text));
  return markup === undefined ? { is: "text" } : { is: "other", what: markup[1] };
}

function zipKind(head: string): FileKind {
  if (head.includes("opendocument")) return { is: "other", what: "an OpenDocument file (.ods)" };
  return head.includes("xl/") || head.includes("[Content_Types].xml")
    ? { is: "workbook" }
    : { is: "other", what: "a zip archive" };
}

function startsWith(head: Buffer, hex: string): boolean {
  return head.subarray(0, hex.length / 2).toString("hex") === hex;
}

/** As a sentence names it. */
export function nameOf(kind: FileKind): string {
  if (kind.is === "other") return kind.what;
  return { text: "text", gzip: "a gzip file", workbook: "an Excel file (.xlsx)" }[kind.is];
}
