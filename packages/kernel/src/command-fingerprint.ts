import { fingerprint } from "./business-key.ts";

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
 * What a command means, as 32 hexadecimal digits: the fields that were sent, decoded, in canonical JSON; without its
 * key, without the ids that we make per attempt, and without what the caller left to us (the business time, defaults).
 */
export function commandFingerprint(
  command: { readonly type: string } & { readonly [field: string]: Plain },
  account: { readonly programme: string; readonly member: string; readonly currency: string },
): string {
  return fingerprint(canonical({ ...command, account: { ...account } }));
}

function canonical(value: Plain): string {
  if (typeof value === "bigint") return `"${value}"`;
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  let json = "";
  for (const { name, prefix } of membersOf(value)) {
    const member = value[name];
    if (member !== undefined) json += `${json === "" ? "" : ","}${prefix}${canonical(member)}`;
  }
  return `{${json}}`;
}

interface Member {
  readonly name: string;
  readonly prefix: string;
}

/** Members in order, by the names as they come: commands have few shapes, and sorting costs more than hashing. */
const shapes = new Map<string, readonly Member[]>();
const REMEMBERED_SHAPES = 1_000;

function membersOf(value: object): readonly Member[] {
  const names = Object.keys(value);
  const shape = names.join("\u0000");
  const known = shapes.get(shape);
  if (known !== undefined) return known;
  const members = names.sort().map((name) => ({ name, prefix: `${JSON.stringify(name)}:` }));
  if (shapes.size >= REMEMBERED_SHAPES) shapes.clear();
  shapes.set(shape, members);
  return members;
}
