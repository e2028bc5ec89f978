import type { EventStore, RecordedEvent } from "@taem/event-store";
import type { PermissionTable, Principal, Wanted } from "@taem/http";
import type { Clock } from "@taem/runtime";
import { personEvents, personStream } from "./events.ts";
import type { KeyUses } from "./key-uses.ts";
import { evolvePerson, type Person, permissionsIn } from "./person.ts";
import { Remembered } from "./remembered.ts";
import type { Statement, Statements } from "./statement.ts";

export interface SignedPeopleOptions {
  readonly store: Pick<EventStore, "read">;
  readonly statements: Pick<Statements, "read">;
  /** Those that there are: what a role gives beside them counts for nothing. */
  readonly permissions: PermissionTable;
  /** Server time, by which statements end. */
  readonly clock: Clock;
  /** Milliseconds that never go back. */
  readonly elapsed?: () => number;
  /** Told of every use, by the person's id; without it nobody knows when somebody was last there. */
  readonly uses?: Pick<KeyUses, "note"> | undefined;
}

interface Known {
  readonly person: Person;
}

/** Events never tell what people are called: the console does, to those who may know. */
const NAME = "person";

/** Verifies signed statements of people, whose roles are those of their streams in the log, remembered for a few seconds. */
export class SignedPeople {
  readonly #options: SignedPeopleOptions;
  readonly #known: Remembered<Known>;

  constructor(options: SignedPeopleOptions) {
    this.#options = options;
    const { store, elapsed } = options;
    this.#known = new Remembered({ store, elapsed, streamOf: personStream, readOn });
  }

  /** Rejects with `overloaded` or `unavailable` when the store does not keep up or answer. */
  verify(token: string, wanted: Wanted): Promise<Principal | undefined> | Principal | undefined {
    const stated = this.#options.statements.read(token, this.#options.clock.now());
    if (stated === undefined) return undefined;
    const known = this.#known.fresh(stated.person);
    if (known !== undefined) return this.#admit(known, stated, wanted);
    return this.#known.lookUp(stated.person).then((found) => found && this.#admit(found, stated, wanted));
  }

  #admit({ person }: Known, { session }: Statement, wanted: Wanted): Principal | undefined {
    if (!person.isActive) return undefined;
    const { permissions: table, clock, uses } = this.#options;
    uses?.note(person.id, clock.now());
    return {
      id: person.id,
      key: `${person.id}-${session}`,
      name: NAME,
      ...rightsOf(person, wanted, table),
      systems: null,
    };
  }
}

/**
 * Where the path names a programme, that one and what the person may do in it. Else the whole installation, if what is wanted
 * may be done there, or all programmes in which it may. Each of the permissions told is then held in each of these, but that one
 * of those wanted is as good as another: each programme has one of them.
 */
function rightsOf(
  person: Person,
  { programme, permissions: wanted }: Wanted,
  table: PermissionTable,
): Pick<Principal, "programmes" | "permissions"> {
  const held = (where: string | null) => table.named(permissionsIn(person, where));
  const isWanted = (name: string) => wanted.includes(name);
  if (programme !== undefined) {
    const permissions = held(programme);
    return { programmes: permissions.length === 0 ? [] : [programme], permissions };
  }
  if (held(null).some(isWanted)) return { programmes: null, permissions: held(null) };
  const named = new Set(person.roles.flatMap((one) => one.programme ?? []));
  const programmes = [...named].filter((where) => held(where).some(isWanted));
  const each = programmes.map(held);
  const permissions = table.names.filter((name) =>
    isWanted(name)
      ? each.some((one) => one.includes(name))
      : each.length > 0 && each.every((one) => one.includes(name)),
  );
  return { programmes, permissions };
}

function readOn(before: Known | undefined, events: readonly RecordedEvent[]): Known {
  const decoded = events.map((event) => personEvents.decode(event));
  return { person: decoded.reduce<Person | undefined>(evolvePerson, before?.person) as Person };
}
