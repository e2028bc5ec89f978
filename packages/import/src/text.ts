/** No-break and thin spaces, as they come within numbers and between a time and its AM or PM, are blanks. */
export function plainBlanks(text: string): string {
  return text.replace(/[\u00a0\u2007\u2009\u202f]/g, " ");
}

/** The source of a regular expression for this very text. */
export function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/**
 * The same with the escapes of JSON for what no terminal is to obey: files are other people's, and their headers and cells
 * are shown. Line ends stay.
 */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, (sign) => sign.split("").map(unicodeEscape).join(""));
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
