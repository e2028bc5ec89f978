/** Names of the months as people write them, in English and in Thai: long or short, with or without their full stops. */

const LANGUAGES = ["en", "th"];

const numbers = new Map<string, number>();
for (const language of LANGUAGES) {
  for (const month of ["long", "short"] as const) {
    const { format } = new Intl.DateTimeFormat(language, { month, timeZone: "UTC" });
    for (let at = 0; at < 12; at += 1) numbers.set(bare(format(Date.UTC(2026, at, 1))), at + 1);
  }
}
numbers.set("sept", 9);

/** What may stand for a month's name in a pattern: letters, their marks, and full stops among them. */
export const MONTH_NAME = "\\p{L}[\\p{L}\\p{M}.]*";

/** 1 to 12; undefined for what is no month's name. */
export function monthNumber(name: string): number | undefined {
  return numbers.get(bare(name));
}

function bare(name: string): string {
  return name.replaceAll(".", "").normalize("NFC").toLowerCase();
}
