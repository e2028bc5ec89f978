import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";

const BYTES = 32;

/**
 * A key for one purpose alone, from the installation's secret (HKDF, RFC 5869): who learns it learns neither the secret
 * nor the key of another purpose.
 */
export function derivedKey(secret: KeyObject, purpose: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync("sha256", secret, Buffer.alloc(0), purpose, BYTES)));
}
