/**
 * The one rule of every name and id that a caller chooses (external ids, keys, legs, names of programmes and of API
 * keys): printable characters, without white space at the ends; spellings that Unicode calls canonically equivalent,
 * such as é composed and decomposed, are the same, and are kept in NFC.
 */

/** The rule in the words of the documentation. */
export const NAME_RULE =
  "printable characters, without white space at the ends; composed and decomposed spellings (Unicode NFC and NFD) are the same, and NFC is kept";

/** Neither control, format, unassigned nor private characters, no line breaks, no white space at the ends. */
const PRINTABLE = /^(?!\p{Z})[^\p{C}\p{Zl}\p{Zp}]+(?<!\p{Z})$/u;
const PRINTABLE_ASCII = /^[!-~]+$/;
/** Nothing in it has two spellings. */
const PLAIN = /^[ -~]*$/;

/** Whether the text, as it would be kept, obeys the rule and has at most so many UTF-16 units. */
export function isName(text: string, maxLength: number): boolean {
  if (PRINTABLE_ASCII.test(text)) return text.length <= maxLength;
  const kept = canonicalName(text);
  return kept.length <= maxLength && PRINTABLE.test(kept);
}

/** As a name is kept and compared. */
export function canonicalName(text: string): string {
  return PLAIN.test(text) ? text : text.normalize("NFC");
}

/**
 * The spelling that counts, then those under which an earlier program, to which each was a name of its own, may have
 * written the same: whoever looks for what is kept under a name tries them in this order.
 */
export function spellingsOf(text: string): readonly string[] {
  if (PLAIN.test(text)) return [text];
  const kept = canonicalName(text);
  return [...new Set([kept, text, kept.normalize("NFD")])];
}

const LIKE_AN_ACTOR = /\([0-9a-f]{16}\)/i;

/** Whether a name would be read as another client, which is told as `name (id)`. */
export function isLikeAnActor(name: string): boolean {
  return LIKE_AN_ACTOR.test(name.normalize("NFKC"));
}
