import type { Writes } from "@taem/postgres";
import type { DomainEvent, EventTypes, Provenance } from "@taem/schema";
import { causedBy, depthOf, MAX_DEPTH } from "../causation.ts";
import type { EventRecord } from "../event-source.ts";
import type { ProjectedEvent } from "../projection.ts";
import { addingMessages, type NewMessage } from "../queue/message.ts";
import { remove } from "../rows/row-store.ts";
import type { AnyRow } from "../rows/row-type.ts";
import type { Reaction, Routing } from "./reaction.ts";
import { isSameTimer, setTimers, type TimerRow, timers } from "./timers.ts";

/** What an index takes with room to spare. */
const MAX_KEY = 400;

/** What a batch does to one timer: its row, or nothing where it is cancelled. */
interface TimerChange {
  readonly key: AnyRow;
  readonly row: TimerRow | undefined;
  /** Not the first of the batch that is done to it. */
  readonly anew: boolean;
}

/** A reaction as it is written. */
type Written = { readonly message: NewMessage } | { readonly timer: Omit<TimerChange, "anew"> };

/** How reactions of one reactor are written down. */
export interface ReactionFormat<C extends DomainEvent> {
  readonly name: string;
  readonly commands: EventTypes<C>;
  /** On whose behalf commands are sent. */
  readonly actor: string;
}

/** Gathers what comes of a batch of events, in their order, and writes it in the batch's transaction. */
export class ReactionBuffer<C extends DomainEvent> {
  readonly #format: ReactionFormat<C>;
  readonly #reactions: Reaction<C>[] = [];
  readonly #messages: NewMessage[] = [];
  /** The last change of each timer. */
  readonly #timers = new Map<string, TimerChange>();

  constructor(format: ReactionFormat<C>) {
    this.#format = format;
  }

  /** In their order. */
  get all(): readonly Reaction<C>[] {
    return this.#reactions;
  }

  /** Throws on a reaction that cannot be written, and then leaves the buffer as it was; what it returns adds them. */
  plan(projected: ProjectedEvent, reactions: readonly Reaction<C>[]): () => void {
    const written = reactions.map((reaction, n) => this.#write(projected, reaction, n));
    return () => {
      this.#reactions.push(...reactions);
      for (const one of written) this.#keep(one);
    };
  }

  /** A rebuild makes tables anew, and sends nothing: what it finds in the log has been sent. */
  write(writes: Writes, schema: string, isRebuild: boolean): void {
    const changes = [...this.#timers.values()];
    const set = changes.flatMap(({ row, anew }) => (row === undefined ? [] : [{ row, anew }]));
    const cancelled = changes.flatMap(({ key, row }) => (row === undefined ? [key] : []));
    if (cancelled.length > 0) remove(writes, schema, timers, cancelled);
    if (set.length > 0) setTimers(writes, schema, set);
    if (isRebuild || this.#messages.length === 0) return;
    const { statement, values } = addingMessages("outbox", this.#format.name, this.#messages);
    writes.run(statement, values);
  }

  #keep(one: Written): void {
    if ("message" in one) {
      this.#messages.push(one.message);
      return;
    }
    const { key, row } = one.timer;
    const id = `${String(key["slice"])} ${String(key["key"])}`;
    const before = this.#timers.get(id);
    if (row !== undefined && before?.row !== undefined && isSameTimer(before.row, row)) return;
    this.#timers.set(id, { key, row, anew: before !== undefined });
  }

  #write({ record, provenance }: ProjectedEvent, reaction: Reaction<C>, n: number): Written {
    const { slice, position } = record;
    if (reaction.kind === "cancel_timer") {
      return { timer: { key: { slice, key: checked(reaction.key) }, row: undefined } };
    }
    const { correlation, causation } = provenance();
    if (reaction.kind === "set_timer") {
      const { scope, dueAt, command } = reaction;
      // Time leads to it and not the event alone: a chain of timers may go on for years.
      const message = this.#messageOf(record, command, reaction, n, { correlation, causation: record.id });
      const row = { ...message, scope: checked(scope), due_at: instant(dueAt), position };
      return { timer: { key: { slice, key: message.key }, row } };
    }
    const { command, notBefore } = reaction;
    const cause = causedBy(record.id, causation);
    const message = this.#messageOf(record, command, reaction, n, { correlation, causation: cause });
    const depth = depthOf(cause);
    const parked = depth > MAX_DEPTH ? `${depth} reactions lead to it: do they call each other?` : undefined;
    return { message: { ...message, ...(notBefore !== undefined && { dueAt: notBefore }), parked } };
  }

  #messageOf(
    { id, slice, stream }: EventRecord,
    command: C,
    { key, lane }: Routing,
    n: number,
    origin: Omit<Provenance, "actor">,
  ): NewMessage {
    const { name, commands, actor } = this.#format;
    const { type } = command;
    return {
      slice,
      key: checked(key ?? `${name}:${id}:${n}`),
      lane: checked(lane ?? stream),
      type,
      body: commands.encode(command),
      meta: commands.encodeMeta(type, { actor, ...origin }),
    };
  }
}

function instant(at: number): number {
  if (!Number.isSafeInteger(at)) throw new RangeError(`an instant is a whole number of milliseconds: ${at}`);
  return at;
}

function checked(key: string): string {
  if (key === "" || key.length > MAX_KEY)
    throw new RangeError(`a key has 1 to ${MAX_KEY} characters: ${key}`);
  return key;
}
