import { hash } from "node:crypto";

/** Slices are fixed for the life of an installation: a stream lies in one of them for ever. */
export const SLICES = 64;

/** The slice of all streams that a member owns: a hash of programme and member. */
export function sliceOfMember(programme: string, member: string): number {
  return firstByte(`${programme}\u0000${member}`) % SLICES;
}

/** The slice of a stream that nobody owns: a hash of its name. */
export function sliceOfName(stream: string): number {
  return firstByte(stream) % SLICES;
}

function firstByte(text: string): number {
  return hash("sha256", text, "buffer")[0] as number;
}
