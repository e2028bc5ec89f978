import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import * as fields from "./fields.ts";

/** A place in a slice of the log. */
export interface Place {
  readonly slice: number;
  readonly position: string;
}

/** What an answer gives to the caller, who gives it to a query to read his own write. */
export interface Token {
  /** As it came: whoever relies on `places` asks `Tokens.isOurs` first. */
  readonly text: string;
  /** Everything that the command wrote lies at these places or before them. */
  readonly places: readonly Place[];
}

const VERSION = 1;
/**
 * Half of SHA-256, the least that RFC 2104 lets one keep: a forger has to guess it by asking us, once for each of 2^128, and would win
 * a query that waits.
 */
const MAC_BYTES = 16;
const PLACES_AT = 1 + MAC_BYTES;
/** More than any command writes: a transfer has three, of two slices. */
const MAX_PLACES = 8;
const MAX_POSITION = 40;
const MAX_LENGTH = Math.ceil(((PLACES_AT + MAX_PLACES * (2 + MAX_POSITION)) * 4) / 3);
const TOKEN = new RegExp(`^[A-Za-z0-9_-]{1,${MAX_LENGTH}}$`);

/** Whose tokens they are. */
export interface TokenIssuer {
  /** Of this purpose alone, and the same in every process of the installation. */
  readonly tokenKey: KeyObject;
  /** The installation's id. */
  readonly installation: string;
}

/**
 * Seals places into tokens. A token is base64url of: version, MAC, and for each place its slice, the length of its position and
 * the position. The MAC covers the version, the installation, the programme and the places, so that a token is good for queries of
 * one programme of one installation.
 */
export class Tokens {
  readonly #issuer: TokenIssuer;

  constructor(issuer: TokenIssuer) {
    this.#issuer = issuer;
  }

  /** The token of a command of a programme, by its id, that wrote at these places. */
  seal(programme: string, places: readonly Place[]): string {
    const newest = newestOf(places);
    const size = newest.reduce((sum, { position }) => sum + 2 + position.length, PLACES_AT);
    const bytes = Buffer.allocUnsafe(size);
    bytes[0] = VERSION;
    let at = PLACES_AT;
    for (const { slice, position } of newest) {
      bytes[at] = slice;
      bytes[at + 1] = position.length;
      at += 2 + bytes.write(position, at + 2, "latin1");
    }
    this.#mac(programme, bytes.subarray(PLACES_AT)).copy(bytes, 1, 0, MAC_BYTES);
    return bytes.toString("base64url");
  }

  /** Whether it was sealed here for a command of the programme, and is as it was then. */
  isOurs(programme: string, { text, places }: Token): boolean {
    const given = Buffer.from(text, "latin1");
    const sealed = Buffer.from(this.seal(programme, places), "latin1");
    return given.length === sealed.length && timingSafeEqual(given, sealed);
  }

  #mac(programme: string, places: Buffer): Buffer {
    const { tokenKey, installation } = this.#issuer;
    return createHmac("sha256", tokenKey)
      .update(`${VERSION} ${installation} ${programme} `)
      .update(places)
      .digest();
  }
}

/** One place a slice: what is later in a slice covers what is before it. */
function newestOf(places: readonly Place[]): readonly Place[] {
  if (places.length === 1) return places;
  const bySlice = new Map<number, Place>();
  for (const place of places) {
    const known = bySlice.get(place.slice);
    if (known === undefined || known.position < place.position) bySlice.set(place.slice, place);
  }
  return [...bySlice.values()];
}

/** Undefined if the text has not the form of a token. */
export function parseToken(text: string): Token | undefined {
  if (!TOKEN.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64url");
  if (bytes[0] !== VERSION) return undefined;
  const places: Place[] = [];
  for (let at = PLACES_AT; at < bytes.length; ) {
    const end = at + 2 + (bytes[at + 1] ?? 0);
    if (end > bytes.length) return undefined;
    places.push({ slice: bytes[at] as number, position: bytes.toString("latin1", at + 2, end) });
    at = end;
  }
  return places.length === 0 || places.length > MAX_PLACES ? undefined : { text, places };
}

export const token = fields.textField<Token>({
  id: "Token",
  description:
    "The `token` of a command's answer: all that the command did, on every account that it changed, is in the answer to this query. " +
    "Opaque, and signed for its programme: one that was changed, is of another programme or of an older form is refused at once.",
  pattern: TOKEN.source,
  maxLength: MAX_LENGTH,
  examples: ["AeV8cHuOVsNe9lSF7fPmTjkREDAwMDAwMDAwMDAwMTIzNDU"],
  problems: ["malformed_token"],
  decode: (text) =>
    parseToken(text) ??
    new fields.Fault(
      "malformed_token",
      "is no token of a present answer: give that of one, unchanged, or none",
    ),
  encode: ({ text }) => text,
});
