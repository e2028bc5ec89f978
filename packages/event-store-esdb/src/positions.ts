import { type Position, START } from "@taem/event-store";
import { EsdbError } from "./failures.ts";

const DIGITS = 19;

/**
 * Both numbers of an EventStoreDB position, in decimal: the commit position alone does not tell apart the events of
 * one transaction, and a checkpoint's two numbers may differ.
 */
export function toPosition(commit: string, prepare: string): Position {
  const position = positionIfAny(commit, prepare);
  if (position !== undefined) return position;
  throw new EsdbError(
    "event_store_unsupported",
    "the event store tells no position of the event: use EventStoreDB 24 or KurrentDB 25, or newer",
  );
}

/** Undefined where the server has no position to tell, and sends the largest number of 64 bits instead. */
export function positionIfAny(commit: string, prepare: string): Position | undefined {
  if (commit.length > DIGITS || prepare.length > DIGITS) return undefined;
  return `${commit.padStart(DIGITS, "0")}-${prepare.padStart(DIGITS, "0")}`;
}

export interface EsdbPosition {
  readonly commit: string;
  readonly prepare: string;
}

/** Undefined for `START`. Throws on what no EventStoreDB position is, such as that of another kind of store. */
export function fromPosition(position: Position): EsdbPosition | undefined {
  if (position === START) return undefined;
  const [, commit, prepare] = /^(\d{19})-(\d{19})$/.exec(position) ?? [];
  if (commit === undefined || prepare === undefined) {
    throw new EsdbError(
      "event_store_position_unknown",
      "the position is of another kind of event store: rebuild what was read from that one",
    );
  }
  return { commit: BigInt(commit).toString(), prepare: BigInt(prepare).toString() };
}
