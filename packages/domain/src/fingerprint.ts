import { fingerprint } from "@taem/contracts";
import type { AccountCommand } from "./commands.ts";

/** What a command's fields are made of. */
export type Plain =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | { readonly [name: string]: Plain };

/**
 * What a command means, as 32 hexadecimal digits: its own fields in canonical JSON, without its key, without the
 * ids that we make per attempt, and without a business time that the caller left to us.
 */
export function commandFingerprint(
  command: { readonly type: AccountCommand["type"] } & { readonly [field: string]: Plain },
  account: { readonly programme: string; readonly member: string; readonly currency: string },
): string {
  return fingerprint(canonical({ ...command, account: { ...account } }));
}

function canonical(value: Plain): string {
  if (typeof value === "bigint") return `"${value}"`;
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  const members = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(",")}}`;
}
