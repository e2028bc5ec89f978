import type { Programme } from "../domain/programme.ts";
import type { DefinitionEvent } from "../events.ts";
import type { Answered } from "../problems.ts";

/** What a definition command does to a programme: events, none when it already says so, or a refusal. */
export type Definition =
  | {
      readonly events: readonly DefinitionEvent[];
      /** Number of the proposal in which the change waits for a second principal. */
      readonly proposal?: number;
    }
  | Refused;

export interface Changed {
  readonly programme: Programme;
  /** Undefined where nothing of the change waits. */
  readonly proposal: number | undefined;
}

export interface Refused {
  readonly refused: Answered;
  readonly detail: string;
}
