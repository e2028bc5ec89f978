import type { Aggregate, CommandHandler, EventStore } from "@taem/event-store";
import { principalOf } from "@taem/kernel";
import { type Asking, decideOn } from "./deciding.ts";
import { type PersonEvent, personEvents, personStream } from "./events.ts";
import {
  addPerson,
  deactivatePerson,
  evolvePerson,
  type HeldRole,
  type Keeper,
  type Person,
  type PersonDecision,
  setRoles,
} from "./person.ts";
import { PrincipalError } from "./problems.ts";
import { readAll } from "./reading.ts";
import { holdersOf } from "./second-principal.ts";
import { newPrincipalId } from "./token.ts";

export interface PeopleOptions {
  readonly handler: CommandHandler;
  readonly store: Pick<EventStore, "read">;
}

/** Somebody who manages people at work. */
export interface Keeping extends Asking {
  /** Codes of the programmes in which it may; null = the whole installation. */
  readonly programmes: readonly string[] | null;
}

const personAggregate: Aggregate<Person | undefined, PersonEvent> = {
  events: personEvents,
  initial: () => undefined,
  evolve: evolvePerson,
  draft: (state) => state,
  commit: (state) => state,
  weight: (person) => 300 + 100 * (person?.roles.length ?? 0),
};

/**
 * Adds people, gives and takes their roles, ends what they may do: events in the person's stream, by whoever asked. Refuses with
 * `person_unknown`, `person_deactivated`, `role_required`, `role_needs_programme`, `roles_conflict`, `keeper_must_differ`,
 * `programme_unknown` and `forbidden`.
 */
export class People {
  readonly #options: PeopleOptions;

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  async add(label: string | undefined, roles: readonly HeldRole[], keeping: Keeping): Promise<Person> {
    const id = newPrincipalId();
    return this.#execute(id, keeping, (existing, keeper) => {
      if (existing !== undefined) throw new Error(`there is a person ${id} already`);
      return addPerson(id, label, roles, keeper);
    });
  }

  /** In place of all that the keeper reaches. */
  async setRoles(id: string, roles: readonly HeldRole[], keeping: Keeping): Promise<Person> {
    await this.#requireAnother(id, keeping);
    return this.#execute(id, keeping, (person, keeper) => setRoles(person, roles, keeper));
  }

  async deactivate(id: string, keeping: Keeping): Promise<Person> {
    await this.#requireAnother(id, keeping);
    return this.#execute(id, keeping, deactivatePerson);
  }

  /** Undefined where there is none. */
  async find(id: string, asking: Asking): Promise<Person | undefined> {
    return this.#decide(id, asking, () => ({ events: [] }));
  }

  /** Of the person itself the decider knows; of a client whose API keys the person has held only the log does. */
  async #requireAnother(id: string, { actor }: Keeping): Promise<void> {
    const holders = await holdersOf(this.#options.store, principalOf(actor));
    if (holders.has(id))
      throw new PrincipalError("keeper_must_differ", {
        detail: "the person is the caller, or has held API keys of it",
      });
  }

  /** The person after it. */
  async #execute(
    id: string,
    keeping: Keeping,
    decide: (person: Person | undefined, keeper: Keeper) => PersonDecision,
  ): Promise<Person> {
    const keeper = { id: principalOf(keeping.actor), programmes: keeping.programmes };
    return (await this.#decide(id, keeping, (person) => decide(person, keeper))) as Person;
  }

  #decide(
    id: string,
    asking: Asking,
    decide: (person: Person | undefined) => PersonDecision,
  ): Promise<Person | undefined> {
    const subject = { aggregate: personAggregate, stream: personStream(id) };
    return decideOn(this.#options.handler, subject, asking, decide);
  }
}

/** Those of the ids that there are, in their order, as the log has them now. */
export function readPeople(
  store: Pick<EventStore, "read">,
  ids: readonly string[],
): Promise<readonly Person[]> {
  return readAll(store, personAggregate, personStream, ids);
}
