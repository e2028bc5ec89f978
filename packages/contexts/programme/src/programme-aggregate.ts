import type { Aggregate } from "@taem/event-store";
import { evolveProgramme, type Programme } from "./domain/programme.ts";
import { type DefinitionEvent, definitionEvents } from "./events.ts";

/** How the command handler folds a programme's stream. */
export const programmeAggregate: Aggregate<Programme | undefined, DefinitionEvent> = {
  events: definitionEvents,
  initial: () => undefined,
  evolve: evolveProgramme,
  draft: (state) => state,
  commit: (state) => state,
  weight: (state) => 4_096 + 1_024 * (state?.proposals.open.size ?? 0),
};
