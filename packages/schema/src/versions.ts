import { ContractViolation } from "./canonical-json.ts";
import type { Fields, InferFields } from "./field.ts";

/**
 * Versions of an event type. What the catalogue describes is the current one; events of an earlier version are read by
 * the description of that version and brought up by one pure upcaster after the other.
 */

export type Body = Record<string, unknown>;

/** A description that events were once written by. */
export interface EarlierVersion {
  readonly fields: Fields;
  /** Makes an event's body one of the next version. Pure. */
  readonly upcast: (body: Body) => Body;
}

export interface History {
  /** The version that the catalogue describes. */
  readonly current: number;
  /** Every version before it, by number from 1. */
  readonly earlier: { readonly [version: number]: EarlierVersion };
}

export type Histories = { readonly [type: string]: History };

export function earlier<const F extends Fields>(
  fields: F,
  upcast: (body: InferFields<F>) => object,
): EarlierVersion {
  return { fields, upcast: upcast as unknown as EarlierVersion["upcast"] };
}

/** One event type: the description of each of its versions, the first at 0, and the way from each to the next. */
export interface EventVersions {
  readonly type: string;
  readonly current: number;
  readonly descriptions: readonly Fields[];
  readonly upcasters: readonly EarlierVersion["upcast"][];
}

/**
 * The versions of every type. A type without a history is at version 1. Throws on a history that is not whole: each
 * version before the current one has its description and its upcaster, and nothing else is in it.
 */
export function versionsOf(
  catalogue: { readonly [type: string]: Fields },
  histories: Histories,
): ReadonlyMap<string, EventVersions> {
  for (const type of Object.keys(histories)) {
    if (!Object.hasOwn(catalogue, type)) throw new Error(`${type} has a history and is no event type`);
  }
  const entries = Object.entries(catalogue).map(([type, fields]): [string, EventVersions] => {
    const history = Object.hasOwn(histories, type) ? histories[type] : undefined;
    const before = history === undefined ? [] : chainOf(type, history);
    return [
      type,
      {
        type,
        current: before.length + 1,
        descriptions: [...before.map((version) => version.fields), fields],
        upcasters: before.map(({ upcast }) => upcast),
      },
    ];
  });
  return new Map(entries);
}

function chainOf(type: string, { current, earlier: known }: History): EarlierVersion[] {
  if (!Number.isSafeInteger(current) || current < 2) {
    throw new Error(`${type} has a history, so its current version is 2 or higher, and is ${current}`);
  }
  const needed = Array.from({ length: current - 1 }, (_, i) => i + 1);
  const described = Object.keys(known);
  if (described.join() !== needed.join()) {
    throw new Error(
      `${type} is at version ${current}: its history describes ${needed.join(", ")}, and has ${described.join(", ") || "none"}`,
    );
  }
  return needed.map((version) => {
    const found = known[version] as EarlierVersion;
    if (typeof found.fields === "object" && typeof found.upcast === "function") return found;
    throw new Error(`${type} version ${version} needs its description and an upcaster to ${version + 1}`);
  });
}

/** Brings a body of a version up to the current one. */
export function upcast({ upcasters }: EventVersions, version: number, body: Body): Body {
  return upcasters.slice(version - 1).reduce((older, toNext) => toNext(older), body);
}

/** The event was written by a newer program than this one. */
export class UnknownEventVersion extends Error {
  readonly code = "unknown_event_version";
  constructor(what: string) {
    super(`${what} is not known to this program; upgrade it`);
    this.name = "UnknownEventVersion";
  }
}

const VERSION_AT_END = /[{,]"v":([1-9][0-9]{0,8})\}$/;

/**
 * The schema version in an event's canonical meta. Keys are sorted, so `v` stands last, and within a string its quotes
 * would be escaped: the end of the text says it, and the rest need not be parsed.
 */
export function versionIn(meta: string): number {
  const version = VERSION_AT_END.exec(meta)?.[1];
  if (version === undefined)
    throw new ContractViolation("meta", 'canonical JSON that ends with "v":<version>}');
  return Number(version);
}
