import { hash } from "node:crypto";

/**
 * Stream names: `taem.<aggregate>-<internal ids>`. Only ids of ours (UUIDs, ordinals, HMACs) reach a name, never a
 * character that a caller chose.
 */

export function accountStream(member: string, currencyNo: number): string {
  return `taem.account-${member}-${currencyNo}`;
}

export function programmeStream(programme: string): string {
  return `taem.programme-${programme}`;
}

export function memberStream(member: string): string {
  return `taem.member-${member}`;
}

export function clientStream(client: string): string {
  return `taem.client-${client}`;
}

/** A value that must be unique across accounts, named by its keyed HMAC in hexadecimal. */
export function uniqueStream(hmac: string): string {
  return `taem.unique-${hmac}`;
}

/** Says whose log it is. Its name is known without a look, so that a log can be asked before anything else is known of it. */
export const INSTALLATION_STREAM = "taem.installation-1";

/** Slices are fixed for the life of an installation. */
export const SLICES = 64;

/** The slice of a member: a hash of programme and member. */
export function sliceOf(programme: string, member: string): number {
  return firstByte(`${programme}\u0000${member}`) % SLICES;
}

/** Streams that one member owns from their first event to their last. Whom any other is about may change. */
const OF_A_MEMBER = /^taem\.(account|member)-/;

/**
 * The slice in which a stream begins: that of the member who owns it, else a hash of its name. Any event of the stream
 * names the owner. There it stays: a stream that has events lies where its first event lies, whatever this says. Earlier
 * programs began `taem.member-` streams elsewhere, so such a member's enrolment is in no order with the account's events.
 */
export function sliceOfStream(
  stream: string,
  {
    programme,
    member,
  }: { readonly type?: string; readonly programme?: string; readonly member?: string } = {},
): number {
  if (!OF_A_MEMBER.test(stream)) return firstByte(stream) % SLICES;
  if (programme === undefined || member === undefined)
    throw new TypeError(`${stream} belongs to a member, and none is named`);
  return sliceOf(programme, member);
}

function firstByte(text: string): number {
  return hash("sha256", text, "buffer")[0] as number;
}
