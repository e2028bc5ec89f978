import type { PersonEvent } from "./events.ts";
import type { Refusal } from "./problems.ts";
import { conflictOf, permissionsOf, roleOf } from "./roles.ts";

/** One person and the roles held: a fold of the stream, and what may be done to it. Pure. */
export interface Person {
  readonly id: string;
  /** What the employer's own books know the person by. */
  readonly label: string | undefined;
  readonly isActive: boolean;
  /** Each once, in the order in which they were given. */
  readonly roles: readonly HeldRole[];
}

/** The form of labels: a code, with room for neither a full name nor an e-mail address. */
export const LABEL = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$/;

export interface HeldRole {
  readonly role: string;
  /** Code of the programme that it is held in; null = the whole installation. */
  readonly programme: string | null;
}

export type PersonDecision = { readonly events: readonly PersonEvent[] } | Refusal;

/** Who decides upon people. */
export interface Keeper {
  /** Its id as a principal. */
  readonly id: string;
  /** Codes of the programmes in which it may; null = the whole installation. */
  readonly programmes: readonly string[] | null;
}

export function evolvePerson(person: Person | undefined, event: PersonEvent): Person {
  if (event.type === "PersonAdded")
    return { id: event.person, label: event.label, isActive: true, roles: [] };
  if (person === undefined) throw new Error(`${event.type} of a person who was never added`);
  switch (event.type) {
    case "RoleGranted":
      return { ...person, roles: [...without(person.roles, heldIn(event)), heldIn(event)] };
    case "RoleWithdrawn":
      return { ...person, roles: without(person.roles, heldIn(event)) };
    case "PersonDeactivated":
      return { ...person, isActive: false };
  }
}

export function addPerson(
  id: string,
  label: string | undefined,
  wanted: readonly HeldRole[],
  keeper: Keeper,
): PersonDecision {
  if (wanted.length === 0 && keeper.programmes !== null)
    return { refused: "role_required", detail: "who reaches but some programmes adds people to these" };
  const refusal = refusalOf(wanted, { given: wanted, kept: [] }, keeper);
  if (refusal !== undefined) return refusal;
  const added: PersonEvent = { type: "PersonAdded", person: id, ...(label === undefined ? {} : { label }) };
  return { events: [added, ...distinct(wanted).map((held) => granted(id, held))] };
}

/** Gives these roles in place of all that the keeper reaches; saying what stands changes nothing. */
export function setRoles(
  person: Person | undefined,
  wanted: readonly HeldRole[],
  keeper: Keeper,
): PersonDecision {
  return onReached(person, keeper, (existing) => {
    const { id, roles } = existing;
    const kept = roles.filter((held) => !reachesRole(keeper, held));
    const given = distinct(wanted).filter((held) => !isAmong(roles, held));
    const refusal = refusalOf(wanted, { given, kept }, keeper);
    if (refusal !== undefined) return refusal;
    const taken = roles.filter((held) => reachesRole(keeper, held) && !isAmong(wanted, held));
    return {
      events: [...taken.map((held) => withdrawn(id, held)), ...given.map((held) => granted(id, held))],
    };
  });
}

/** Ends what the person may do, for ever. */
export function deactivatePerson(person: Person | undefined, keeper: Keeper): PersonDecision {
  if (person?.isActive === false && reachesPerson(keeper, person)) return { events: [] };
  return onReached(person, keeper, ({ id, roles }) => {
    if (roles.every((held) => reachesRole(keeper, held)))
      return { events: [{ type: "PersonDeactivated", person: id }] };
    const detail =
      "the person holds roles beyond the programmes that the caller reaches: withdraw those within";
    return { refused: "forbidden", detail };
  });
}

/** Who reaches but some programmes knows of no people but those who hold a role there. */
export function reachesPerson(keeper: Pick<Keeper, "programmes">, { roles }: Person): boolean {
  return keeper.programmes === null || roles.some((held) => reachesRole(keeper, held));
}

export function reachesRole({ programmes }: Pick<Keeper, "programmes">, { programme }: HeldRole): boolean {
  return programmes === null || (programme !== null && programmes.includes(programme));
}

/** What the person may do in a programme by its code, or with null in the whole installation. */
export function permissionsIn({ isActive, roles }: Person, programme: string | null): readonly string[] {
  if (!isActive) return [];
  const there = roles.filter((held) => held.programme === null || held.programme === programme);
  return [...new Set(there.flatMap(({ role }) => permissionsOf(role)))];
}

function onReached(
  person: Person | undefined,
  keeper: Keeper,
  decide: (existing: Person) => PersonDecision,
): PersonDecision {
  if (person === undefined || !reachesPerson(keeper, person))
    return { refused: "person_unknown", detail: "there is no such person" };
  if (person.id === keeper.id)
    return { refused: "keeper_must_differ", detail: "nobody changes what they may do themselves" };
  if (!person.isActive)
    return { refused: "person_deactivated", detail: "the person is deactivated, for ever" };
  return decide(person);
}

/** `given`: what is new of what is wanted; `kept`: what stays whatever is wanted. */
function refusalOf(
  wanted: readonly HeldRole[],
  { given, kept }: { readonly given: readonly HeldRole[]; readonly kept: readonly HeldRole[] },
  keeper: Keeper,
): Refusal | undefined {
  // Held already or not: whoever does not reach it is not told.
  const beyond = wanted.find((one) => !reachesRole(keeper, one));
  if (beyond !== undefined) {
    return beyond.programme === null
      ? { refused: "forbidden", detail: "the caller does not reach the whole installation: name a programme" }
      : { refused: "programme_unknown", detail: "there is no such programme" };
  }
  if (given.length === 0) return undefined;
  const bound = given.find(({ role, programme }) => programme === null && !roleOf(role)?.ofInstallation);
  if (bound !== undefined)
    return { refused: "role_needs_programme", detail: `${bound.role} is held in a programme: name one` };
  const conflict = conflictOf([...kept, ...wanted].map(({ role }) => role));
  return conflict === undefined ? undefined : { refused: "roles_conflict", detail: conflict };
}

function heldIn({ role, programme }: { readonly role: string; readonly programme?: string }): HeldRole {
  return { role, programme: programme ?? null };
}

function isSame(one: HeldRole, other: HeldRole): boolean {
  return one.role === other.role && one.programme === other.programme;
}

function isAmong(roles: readonly HeldRole[], held: HeldRole): boolean {
  return roles.some((one) => isSame(one, held));
}

function without(roles: readonly HeldRole[], held: HeldRole): readonly HeldRole[] {
  return roles.filter((one) => !isSame(one, held));
}

function distinct(roles: readonly HeldRole[]): readonly HeldRole[] {
  return roles.filter((held, i) => roles.findIndex((one) => isSame(one, held)) === i);
}

function granted(person: string, { role, programme }: HeldRole): PersonEvent {
  return { type: "RoleGranted", person, role, ...(programme === null ? {} : { programme }) };
}

function withdrawn(person: string, { role, programme }: HeldRole): PersonEvent {
  return { type: "RoleWithdrawn", person, role, ...(programme === null ? {} : { programme }) };
}
