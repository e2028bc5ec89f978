import { sliceOfMember, sliceOfName } from "@taem/kernel";
import { type DomainEvent, EventTypes } from "./event-types.ts";

/**
 * A kind of stream. The streams of a category are named `taem.<category>-<ids>`, and hold events of its types alone. Only ids
 * of ours (UUIDs, ordinals, HMACs) reach a name, never a character that a caller chose.
 */
export interface Category<E extends DomainEvent = DomainEvent> {
  readonly name: string;
  /** Who owns its streams from their first event to their last, and so says in which slice they lie. */
  readonly owner: "member" | "stream";
  readonly events: EventTypes<E>;
}

/** Whom an event is about, as far as that decides on its slice. */
export interface About {
  readonly type?: string;
  readonly programme?: string;
  readonly member?: string;
}

export function streamOf({ name }: Pick<Category, "name">, ...ids: readonly (string | number)[]): string {
  let stream = `taem.${name}`;
  for (const id of ids) stream += `-${id}`;
  return stream;
}

const CATEGORY = /^taem\.([a-z]+)-/;

/** The name of a stream's category; undefined of a stream that is none of ours. */
export function categoryOf(stream: string): string | undefined {
  return CATEGORY.exec(stream)?.[1];
}

/**
 * Values that must be unique in some scope, each with a stream of its own, named by the value's keyed HMAC. Whose they are
 * their first event says: every context has its own, in this one category. No projection reads them.
 */
export const UNIQUE = { name: "unique", owner: "stream" } as const;

/** Categories of streams with their events: all that a program, or one reader in it, knows of the log. */
export interface Catalogue<E extends DomainEvent = DomainEvent> {
  readonly categories: ReadonlyMap<string, Category>;
  /** Of all categories. */
  readonly events: EventTypes<E>;
}

/** The events that the streams of a category hold. */
export type EventOf<C> = C extends Category<infer E> ? E : never;

/** Categories of one name are one, with the types of all. Throws where they differ in whom they belong to. */
export function createCatalogue<const C extends readonly Category[]>(
  categories: C,
): Catalogue<EventOf<C[number]>> {
  const known = new Map<string, Category>();
  for (const category of categories) {
    const { name, owner, events } = category;
    const other = known.get(name);
    if (other === undefined) known.set(name, category);
    else if (other.owner === owner)
      known.set(name, { name, owner, events: EventTypes.join(other.events, events) });
    else throw new Error(`streams ${name} belong to a ${owner} here, and to a ${other.owner} there`);
  }
  const events = EventTypes.join(...[...known.values()].map((category) => category.events));
  return { categories: known, events: events as EventTypes<EventOf<C[number]>> };
}

/**
 * The slice in which a stream begins: that of the member who owns it, else a hash of its name. Any event of the stream
 * names the owner. There it stays: a stream that has events lies where its first event lies, whatever this says. Earlier
 * programs began `taem.member-` streams elsewhere, so such a member's enrolment is in no order with the account's events.
 */
export function sliceOfStream(
  { categories }: Catalogue,
  stream: string,
  { programme, member }: About,
): number {
  const category = categories.get(categoryOf(stream) ?? "");
  if (category?.owner !== "member") return sliceOfName(stream);
  if (programme === undefined || member === undefined)
    throw new TypeError(`${stream} belongs to a member, and none is named`);
  return sliceOfMember(programme, member);
}
