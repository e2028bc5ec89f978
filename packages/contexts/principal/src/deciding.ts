import type { Aggregate, CommandHandler, Step } from "@taem/event-store";
import { sliceOfName } from "@taem/kernel";
import type { DomainEvent, Provenance } from "@taem/schema";
import { PrincipalError, type Refusal } from "./problems.ts";

/** Who asks, and until when (on the handler's clock) the caller waits. */
export interface Asking extends Provenance {
  readonly deadline: number;
}

type Outcome<State> = { readonly state: State } | Refusal;

/** Appends what is decided to a stream of its own slice; resolves to what it is after that. Throws what is refused. */
export async function decideOn<State, E extends DomainEvent>(
  handler: CommandHandler,
  { aggregate, stream }: { readonly aggregate: Aggregate<State, E>; readonly stream: string },
  { actor, correlation, causation, deadline }: Asking,
  decide: (state: State) => { readonly events: readonly E[] } | Refusal,
): Promise<State> {
  const outcome = await handler.execute({
    aggregate,
    stream,
    slice: sliceOfName(stream),
    meta: { actor, correlation, ...(causation === undefined ? {} : { causation }) },
    deadline,
    decide: (state): Step<State, E, Outcome<State>> => {
      const decision = decide(state);
      if ("refused" in decision) return { events: [], answer: () => () => decision };
      return { events: decision.events, answer: (after) => () => ({ state: after }) };
    },
  });
  if ("refused" in outcome) throw new PrincipalError(outcome.refused, { detail: outcome.detail });
  return outcome.state;
}
