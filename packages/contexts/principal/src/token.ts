import { hash, randomBytes } from "node:crypto";

/**
 * An API key's token: `taem_<client>-<key>_<secret>`. One of the form `taem_<client>_<secret>` was made when a client had
 * but one key, its first.
 */
const TOKEN = /^taem_([0-9a-f]{16})(?:-([1-9][0-9]{0,5}))?_([0-9a-f]{64})$/;

/** An API key without its secret: `<client>-<key>`; of an earlier key its client alone. */
const KEY_ID = /^([0-9a-f]{16})(?:-([1-9][0-9]{0,5}))?$/;

export interface KeyName {
  readonly client: string;
  /** Ordinal within the client. */
  readonly no: number;
}

export function parseToken(token: string): (KeyName & { readonly secret: string }) | undefined {
  const match = TOKEN.exec(token);
  if (match === null) return undefined;
  return { client: match[1] as string, no: Number(match[2] ?? 1), secret: match[3] as string };
}

export function formatToken({ client, no }: KeyName, secret: string): string {
  return `taem_${client}-${no}_${secret}`;
}

export function parseKeyId(text: string): KeyName | undefined {
  const match = KEY_ID.exec(text);
  return match === null ? undefined : { client: match[1] as string, no: Number(match[2] ?? 1) };
}

export function keyId({ client, no }: KeyName): string {
  return `${client}-${no}`;
}

export function newPrincipalId(): string {
  return randomBytes(8).toString("hex");
}

export function newSecret(): string {
  return randomBytes(32).toString("hex");
}

/**
 * SHA-256, in hexadecimal; fast on purpose: the secret is 256 random bits, which no one can guess through a fast hash
 * either. Slow hashes protect what people choose, and would cost each request milliseconds.
 */
export function hashSecret(secret: string): string {
  return hash("sha256", secret, "hex");
}
