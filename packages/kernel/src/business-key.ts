import { hash } from "node:crypto";

/** The identity a caller gives a command: permanent, unique within its scope. */
export interface BusinessKey {
  /** Source system, e.g. `pos` or `shopee`. */
  readonly system: string;
  /** The source's own id, e.g. an order or receipt number. */
  readonly id: string;
  /** Tells the commands of one id apart, e.g. `main`, `bonus`, `refund-2`. */
  readonly leg: string;
}

/** Fields cannot contain NUL, so the framing is unambiguous. */
export function keyText(key: BusinessKey): string {
  return `${key.system}\u0000${key.id}\u0000${key.leg}`;
}

let lastKey: BusinessKey | undefined;
let lastDigest: Buffer;

/** First 16 bytes of the SHA-256 of a key: what state keeps of it. */
export function keyDigest(key: BusinessKey): Buffer {
  // A decision looks its key up, and the fold of its event, a moment later, adds the same object.
  if (key !== lastKey) {
    lastDigest = hash("sha256", keyText(key), "buffer").subarray(0, 16);
    lastKey = key;
  }
  return lastDigest;
}

/** Fingerprint of a command's meaning, 32 hexadecimal digits: same key and same fingerprint = the same command. */
export function fingerprint(canonicalJson: string): string {
  return hash("sha256", canonicalJson, "hex").slice(0, 32);
}
