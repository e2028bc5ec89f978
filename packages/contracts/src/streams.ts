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

/** A value that must be unique across accounts, named by its keyed HMAC in hexadecimal. */
export function uniqueStream(hmac: string): string {
  return `taem.unique-${hmac}`;
}

/** Slices are fixed for the life of an installation. */
export const SLICES = 64;

/** The slice of a member's events: a hash of programme and member. Events without a member use their stream's name. */
export function sliceOf(programme: string, member: string): number {
  return firstByte(`${programme}\u0000${member}`) % SLICES;
}

export function sliceOfStream(stream: string): number {
  return firstByte(stream) % SLICES;
}

function firstByte(text: string): number {
  return hash("sha256", text, "buffer")[0] as number;
}
