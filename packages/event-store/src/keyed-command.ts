import { type AppliedKeys, type BusinessKey, partsOf } from "@taem/kernel";
import type { Appended, Step } from "./aggregate.ts";
import type { Keyed, KeyedEvent } from "./keyed-aggregate.ts";

/** What a command has put into the log: its answer is told from that alone, at first and for every repetition. */
export interface Made<E> {
  /** Events of the command itself. */
  readonly events: readonly E[];
  /** What they led to in the same append. Of a repetition only as far as `leadsTo` tells it from what came later. */
  readonly after: readonly E[];
}

/** What a decision knows of the commands before it. */
export interface Before<E> {
  /** Of those that were applied, the revision of the first event; undefined = none was under that key. */
  readonly keys: Pick<AppliedKeys, "revisionOf">;
  /** The events of the command that the decision has asked for. */
  readonly origin?: readonly E[];
}

export type KeyedDecision<S, E, R> =
  /** `made` is what of the events the command itself made, and what they led to. None: a refusal, which applies no key. */
  | {
      readonly events: readonly E[];
      readonly answer: (state: S, made: Made<E>) => (appended: Appended) => R;
    }
  /** It needs the events of the command applied at this revision: they are loaded, and it is decided again. */
  | { readonly needs: { readonly revision: number } };

/** A command under a business key, on whatever state it finds. */
export interface KeyedCommand<S, E extends KeyedEvent, R> {
  readonly key: BusinessKey;
  /** Of what it means; without one its key stands for one meaning. */
  readonly fingerprint?: string | undefined;
  /** Whether it means what the first command did although that has another fingerprint. */
  readonly recognises?: ((first: string) => boolean) | undefined;
  /** Decides it for the first time. Pure; may run again. */
  readonly decide: (state: S, before: Before<E>) => KeyedDecision<S, E, R>;
  /** Answers the command sent again: what the first one made stands. */
  readonly repeat: (made: Made<E>, state: S) => R;
  /** Answers another command under the same key. */
  readonly refuse: (made: Made<E>) => R;
  /**
   * Whether an event that follows those of a command, given its first, and has no key, was made with them; undefined =
   * its answer tells nothing of such events.
   */
  readonly leadsTo?: ((first: E) => ((event: E) => boolean) | undefined) | undefined;
}

/**
 * One step of a keyed command: decided where its key is new; where it was applied, answered from what it made then, or
 * refused when it means something else. Costs a look-up in memory; only a repetition, and what needs its origin, reads.
 */
export function decideKeyed<S, E extends KeyedEvent, R>(
  keyed: Keyed<S>,
  command: KeyedCommand<S, E, R>,
): Step<Keyed<S>, E, R> {
  const { keys, state } = keyed;
  const applied = keys.revisionOf(command.key);
  if (applied !== undefined) return loadMade(applied, command, (made) => answerRepeated(command, made));
  return stepOf(command.decide(state, { keys }), keyed, command);
}

function stepOf<S, E extends KeyedEvent, R>(
  decision: KeyedDecision<S, E, R>,
  keyed: Keyed<S>,
  command: KeyedCommand<S, E, R>,
): Step<Keyed<S>, E, R> {
  if ("needs" in decision) {
    const { keys, state } = keyed;
    return loadCommand(decision.needs.revision, (origin) =>
      stepOf(command.decide(state, { keys, origin }), keyed, command),
    );
  }
  const { events, answer } = decision;
  return { events, answer: ({ state }) => answer(state, madeOf(events)) };
}

function answerRepeated<S, E extends KeyedEvent, R>(
  command: KeyedCommand<S, E, R>,
  made: Made<E>,
): Step<Keyed<S>, E, R> {
  const isSame = isRepetition(command, made.events[0]);
  return {
    events: [],
    answer: ({ state }) => {
      const answer = isSame ? command.repeat(made, state) : command.refuse(made);
      return () => answer;
    },
  };
}

function isRepetition<S, E extends KeyedEvent, R>(
  { fingerprint, recognises }: KeyedCommand<S, E, R>,
  first: E | undefined,
): boolean {
  if (fingerprint === undefined) return true;
  if (first?.fingerprint === undefined) return false;
  return first.fingerprint === fingerprint || recognises?.(first.fingerprint) === true;
}

/** Events of one decision: what time had made due comes before the command's own, what they led to after. */
function madeOf<E extends KeyedEvent>(all: readonly E[]): Made<E> {
  const end = all.findLastIndex(hasKey) + 1;
  return { events: all.slice(Math.max(0, all.findIndex(hasKey)), end), after: all.slice(end) };
}

function hasKey({ key }: KeyedEvent): boolean {
  return key !== undefined;
}

/** Loads every event of the command applied at a revision: the first says how many there are. */
function loadCommand<S, E extends KeyedEvent, R>(
  revision: number,
  next: (events: readonly E[]) => Step<S, E, R>,
): Step<S, E, R> {
  return {
    load: { revision, count: 1 },
    next: (events) => {
      const count = partsOf(events[0]);
      return count === 1 ? next(events) : { load: { revision, count }, next };
    },
  };
}

const AFTER_PAGE = 16;

/** With what it led to: page by page up to the first event that is not of it, since nothing says how much it is. */
function loadMade<S, E extends KeyedEvent, R>(
  revision: number,
  { leadsTo }: KeyedCommand<S, E, R>,
  next: (made: Made<E>) => Step<Keyed<S>, E, R>,
): Step<Keyed<S>, E, R> {
  return loadCommand(revision, (events) => {
    const first = events[0];
    const isMadeWith = first === undefined ? undefined : leadsTo?.(first);
    if (isMadeWith === undefined) return next({ events, after: [] });
    const loadFrom = (from: number, found: readonly E[]): Step<Keyed<S>, E, R> => ({
      load: { revision: from, count: AFTER_PAGE },
      next: (page) => {
        const end = page.findIndex((event) => !isMadeWith(event));
        const after = [...found, ...(end === -1 ? page : page.slice(0, end))];
        const isMore = end === -1 && page.length === AFTER_PAGE;
        return isMore ? loadFrom(from + AFTER_PAGE, after) : next({ events, after });
      },
    });
    return loadFrom(revision + events.length, []);
  });
}
