import type { BulkLine } from "@taem/client";
import type { DefinitionChange, System } from "./definitions.ts";
import type { Balance } from "./model/account.ts";
import type { Refusal } from "./model/commands.ts";

/** Lines of the bulk route, and what is expected to come back. Amounts are decimal strings, times RFC 3339. */

/** The business key of a command. */
export interface SourceKey {
  readonly system: string;
  readonly id: string;
  readonly leg: string;
}

type Operations<N extends BulkLine["op"]> = Extract<BulkLine, { readonly op: N }>;
type Onward = Operations<"capture" | "void" | "approve" | "reject" | "withdraw">;

/**
 * A line as it can be written before any answer is known: `hold` and `adjustment` are the keys of the lines whose
 * answers name them. Those lines stand in an earlier chunk.
 */
export type CommandLine =
  | Exclude<BulkLine, Onward>
  | (Omit<Operations<"capture">, "hold"> & { readonly hold: SourceKey })
  | (Omit<Operations<"void">, "hold"> & { readonly hold: SourceKey })
  | (Omit<Operations<"approve">, "adjustment"> & { readonly adjustment: SourceKey })
  | (Omit<Operations<"reject">, "adjustment"> & { readonly adjustment: SourceKey })
  | (Omit<Operations<"withdraw">, "adjustment"> & { readonly adjustment: SourceKey });

export type Operation = BulkLine["op"];

export interface Expected {
  readonly outcome: "accepted" | "replayed" | Refusal;
  /** Points moved, held or asked for. */
  readonly points?: string;
  /** The account after the command. */
  readonly balance?: Readonly<Record<keyof Balance, string>>;
}

/** Who sends a line: what one principal asked for, another approves. */
export type Sender = "clerk" | "supervisor";

export interface PlannedLine {
  readonly by: Sender;
  readonly line: CommandLine;
  readonly expected: Expected;
}

/** What arrives on one simulated day. The clock moves to the day's end before the lines are sent, in their order. */
export interface Chunk {
  readonly clockTo: string;
  /** Published before the lines are sent. */
  readonly change?: DefinitionChange;
  readonly lines: readonly PlannedLine[];
}

export function keyOf(system: System, id: string, leg = "main"): SourceKey {
  return { system, id, leg };
}

export function keyText({ system, id, leg = "main" }: Operations<"earn">["source"]): string {
  return `${system} ${id} ${leg}`;
}
