import type { KeyObject } from "node:crypto";
import type { Aggregate, CommandHandler, EventStore, SealedSnapshots } from "@taem/event-store";
import type { ApiDescription, ApiKeys, PermissionTable, Route, Tokens } from "@taem/http";
import type { Database, Migration, Transactional } from "@taem/postgres";
import type { Projection, ProjectorView, Reactor } from "@taem/processing";
import type { Logger, Metrics } from "@taem/runtime";
import type { Category } from "@taem/schema";
import type { ReadTools } from "./tools.ts";

/** What the contexts of one process share. */
export interface Process extends ReadTools {
  readonly database: Database;
  /** The same for whoever waits for an answer: rejects as on a lost connection where the server falls silent. */
  readonly readModels: Transactional;
  /** Of the streams that the process's handler folds. */
  readonly snapshots: SealedSnapshots;
  readonly metrics: Metrics;
  readonly tokens: Tokens;
  /** The installation's id. */
  readonly installation: string;
  /** Signs who people are: the same in every process of the installation. */
  readonly personKey: KeyObject;
  /** Those of all its contexts. */
  readonly permissions: PermissionTable;
  /** Ids of ours, in the order of their making. */
  readonly newId: () => string;
  /** The one command handler of the process, made for the first who asks: a process that writes nothing has none. */
  handler(): CommandHandler;
  /** Throws while nothing may be written by what time it is. */
  assertClocksAgree(): Promise<void>;
}

/** The projectors of a process, by the names of their projections, in whatever thread they run. */
export type Projectors = ReadonlyMap<string, ProjectorView>;

/** Something that goes on by itself. */
export interface Worker {
  start(): void;
  /** Ends after what is under way. */
  stop(): Promise<void>;
}

/** A context in a process. */
export interface OpenContext<Provided> {
  /** What other contexts of the process may ask of it. */
  readonly ports: Provided;
  /** Routes of its commands, and of what the log itself answers beside them. */
  readonly commands?: () => readonly Route[];
  /** Routes that its read models answer. */
  readonly queries?: (projectors: Projectors) => readonly Route[];
  /** Who carries out what its reactors send: a runner for each of them, and whatever else goes on by itself. */
  readonly reactions?: () => readonly Worker[];
  /** Who callers are; where several contexts say so, the last of them. */
  readonly apiKeys?: ApiKeys;
  readonly close?: () => Promise<void>;
}

/** What a context needs to bring over what an earlier version kept. */
export interface Adoption {
  readonly database: Database;
  readonly store: Pick<EventStore, "read" | "append">;
  readonly logger: Logger;
  readonly permissions: PermissionTable;
}

/** A category of streams, and the fold of which snapshots are kept. */
export interface Snapshotted {
  readonly category: Category;
  // biome-ignore lint/suspicious/noExplicitAny: what is folded is between the aggregate and its snapshots
  readonly aggregate: Aggregate<any, any>;
}

/** A part of the product: what happens in it, what it is told, what it answers, what it does. */
export interface Context<Provided = object, Needed = object> {
  readonly name: string;
  /** How it is described to callers: the routes that it serves, the problems and permissions that it defines. */
  readonly api?: ApiDescription;
  /** The streams that it writes. */
  readonly categories: readonly Category[];
  /** How it folds those of them that it keeps snapshots of. */
  readonly snapshotted?: readonly Snapshotted[];
  /** Tables of its own beside its read models, by component. */
  readonly migrations?: Readonly<Record<string, readonly Migration[]>>;
  /** Its read models: their rows are what the log says and nothing else. */
  readonly readModels?: (log: Pick<EventStore, "read">) => readonly Projection[];
  /** What it does when something has happened, or is due: read off the log, sent from an outbox. */
  readonly reactors?: readonly Pick<Reactor, "name" | "projection">[];
  /** Brings over what an earlier version kept elsewhere than in the log, before that has its name. */
  readonly adopt?: (tools: Adoption) => Promise<void>;
  /**
   * `ports` are those of all contexts, whole once all are open: nothing is asked of them before. Of one name, the last context's
   * stands.
   */
  readonly open: (process: Process, ports: Needed) => OpenContext<Provided>;
}

/** One definition a context. */
export function defineContext<Provided, Needed>(
  context: Context<Provided, Needed>,
): Context<Provided, Needed> {
  return context;
}

/** A context of which a process only has to know the events. */
export function eventsOf(name: string, categories: readonly Category[]): Context {
  return { name, categories, open: () => ({ ports: {} }) };
}

/** A context of any kind: whether its needs are met is a question of the whole. */
// biome-ignore lint/suspicious/noExplicitAny: of needs, none is assignable to all others
export type AnyContext = Context<any, any>;

type Provided<C> = C extends Context<infer P, never> ? P : never;
type Needed<C> = C extends Context<never, infer N> ? N : never;
type All<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer I) => void ? I : never;

/** What contexts may ask of each other in a process that hosts all of these. */
export type PortsOf<C extends readonly AnyContext[]> = All<Provided<C[number]>>;

/** Contexts that together provide what each of them needs. */
export type Complete<C extends readonly AnyContext[]> = PortsOf<C> extends All<Needed<C[number]>> ? C : never;
