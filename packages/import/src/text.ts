/** No-break and thin spaces, as they come within numbers and between a time and its AM or PM, are blanks. */
export function plainBlanks(text: string): string {
  return text.replace(/[\u00a0\u2007\u2009\u202f]/g, " ");
}

/** The source of a regular expression for this very text. */
export function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
