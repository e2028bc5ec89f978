import { type Codec, ContractViolation, codecOf } from "./canonical-json.ts";
import { encodeMeta, type Provenance } from "./event-meta.ts";
import { type Field, type Fields, type InferFields, record } from "./field.ts";
import {
  type Body,
  type EventVersions,
  type Histories,
  UnknownEventVersion,
  upcast,
  versionIn,
  versionsOf,
} from "./versions.ts";

/** What any event has; what it says beside its type is up to the type's description. */
export interface DomainEvent {
  readonly type: string;
}

/** An event as a store keeps it. */
export interface EncodedEvent {
  readonly type: string;
  /** Canonical JSON of the event's fields. */
  readonly data: string;
  /** Canonical JSON of its `EventMeta`. */
  readonly meta: string;
}

/** Descriptions of events in their current version, by type. */
export type Descriptions = { readonly [type: string]: Fields };

/** The events of a set of descriptions, or of one type of them. */
export type EventIn<D extends Descriptions, T extends keyof D = keyof D> = {
  [K in T & string]: { readonly type: K } & InferFields<D[K]>;
}[T & string];

/** One type with the codec of each of its versions. */
interface TypeCodec {
  readonly versions: EventVersions;
  /** By version - 1. */
  readonly bodies: readonly Codec<Body>[];
  readonly current: Codec<Body>;
  /** How the meta of an event of the current version ends: all that most events need to be asked. */
  readonly currentEnd: string;
}

/** Types of events, as values: what they are called, how each of their versions is described, written and read. */
export class EventTypes<E extends DomainEvent = DomainEvent> {
  readonly #codecs: ReadonlyMap<string, TypeCodec>;

  private constructor(codecs: ReadonlyMap<string, TypeCodec>) {
    this.#codecs = codecs;
  }

  static of<E extends DomainEvent>(types: Iterable<EventVersions>): EventTypes<E> {
    return new EventTypes<E>(new Map([...types].map((versions) => [versions.type, codecsOf(versions)])));
  }

  /** All types of several. Throws where one name has two meanings. */
  static join<E extends DomainEvent>(...parts: readonly EventTypes<E>[]): EventTypes<E> {
    const codecs = new Map<string, TypeCodec>();
    for (const [type, codec] of parts.flatMap((part) => [...part.#codecs])) {
      const known = codecs.get(type);
      if (known !== undefined && known.versions !== codec.versions)
        throw new Error(`two event types are called ${type}: give one another name`);
      codecs.set(type, codec);
    }
    return new EventTypes<E>(codecs);
  }

  /** Those of these types. */
  only<T extends E["type"]>(...types: readonly T[]): EventTypes<Extract<E, { readonly type: T }>> {
    return new EventTypes(new Map(types.map((type) => [type, this.#codec(type)])));
  }

  /** In the order in which they were described. */
  get names(): readonly string[] {
    return [...this.#codecs.keys()];
  }

  get versions(): readonly EventVersions[] {
    return [...this.#codecs.values()].map(({ versions }) => versions);
  }

  has(type: string): boolean {
    return this.#codecs.has(type);
  }

  includes(event: DomainEvent): event is E {
    return this.has(event.type);
  }

  /** The event's data as canonical JSON, in the current version; type and version travel beside it. */
  encode(event: E): string {
    return this.#codec(event.type).current.encode(event as unknown as Body);
  }

  /** The meta of an event of a type, with the version in which `encode` writes it. */
  encodeMeta(type: string, provenance: Provenance): string {
    return encodeMeta(this.currentVersion(type), provenance);
  }

  /**
   * Reads an event of any version, as one of the current version. Throws `ContractViolation` on anything that the
   * description of its version does not allow, `UnknownEventVersion` on a version to come.
   */
  decode({ type, data, meta }: EncodedEvent): E {
    const { current, currentEnd, bodies, versions } = this.#codec(type);
    if (meta.endsWith(currentEnd)) return eventOf<E>(type, current.decode(data));
    const version = versionIn(meta);
    const earlier = bodies[version - 1];
    if (earlier === undefined) throw new UnknownEventVersion(`${type} version ${version}`);
    return eventOf<E>(type, upcast(versions, version, earlier.decode(data)));
  }

  /**
   * Whether this program can know how to read an event: its type is one of these and its version not above the current
   * one. What says no version at all is not unknown but wrong: `decode` refuses it.
   */
  isKnown({ type, meta }: Pick<EncodedEvent, "type" | "meta">): boolean {
    const found = this.#codecs.get(type);
    return found !== undefined && (meta.endsWith(found.currentEnd) || !isAbove(found.versions.current, meta));
  }

  /** The version in which events of a type are written, as JSON and on the wire. */
  currentVersion(type: string): number {
    return this.#codec(type).versions.current;
  }

  /** The fields of a type in a version; undefined for what is not known. */
  fieldsOf(type: string, version: number): Fields | undefined {
    return this.#codecs.get(type)?.versions.descriptions[version - 1];
  }

  #codec(type: string): TypeCodec {
    const found = this.#codecs.get(type);
    if (found === undefined) throw new ContractViolation(type, "an event type of the catalogue");
    return found;
  }
}

/**
 * Event types by their descriptions in the current version, and, of those that have had others, all earlier ones. A history
 * that is not whole fails here, at start-up.
 */
export function defineEvents<const D extends Descriptions>(
  descriptions: D,
  histories: Histories = {},
): EventTypes<EventIn<D>> {
  return EventTypes.of<EventIn<D>>(versionsOf(descriptions, histories).values());
}

function codecsOf(versions: EventVersions): TypeCodec {
  const { type, descriptions, current } = versions;
  const bodies = descriptions.map((fields) => codecOf(record(fields) as Field<Body>, type));
  return {
    versions,
    bodies,
    current: bodies[current - 1] as Codec<Body>,
    currentEnd: `,"v":${current}}`,
  };
}

function eventOf<E extends DomainEvent>(type: string, body: Body): E {
  body["type"] = type;
  return body as unknown as E;
}

function isAbove(version: number, meta: string): boolean {
  try {
    return versionIn(meta) > version;
  } catch {
    return false;
  }
}
