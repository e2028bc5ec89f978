import { type BusinessKey, commandFingerprint, inParts, sum } from "@taem/kernel";
import { amount, defineEvents, type EventIn, integer, list, optional, record, text } from "@taem/schema";
import type { Appended, Step } from "../aggregate.ts";
import { type Keyed, keyedAggregate } from "../keyed-aggregate.ts";
import { type Before, decideKeyed, type KeyedDecision, type Made } from "../keyed-command.ts";

/** The smallest keyed aggregate with everything that the kit is for: it is loaded with notes, spent, and either reversed. */

const keyed = {
  key: record({ system: text, id: text, leg: text }),
  fingerprint: optional(text),
  part: optional(record({ index: integer, count: integer })),
} as const;

const descriptions = {
  CardLoaded: { ...keyed, notes: list(record({ amount })) },
  CardSpent: { ...keyed, amount },
  /** Nothing is left on it: nobody asked for that. */
  CardEmptied: { at: integer },
  /** Revision of the first event of what is reversed, and its amount. */
  CardReversed: { ...keyed, origin: integer, amount },
} as const;

export const cardEvents = defineEvents(descriptions);
export type CardEvent = EventIn<typeof descriptions>;

const NOTES_PER_EVENT = 3;

export interface Card {
  balance: bigint;
  /** Revisions of what was reversed. */
  readonly reversed: Set<number>;
}

/** It knows nothing of keys. */
export const cardAggregate = keyedAggregate<Card, CardEvent>({
  events: cardEvents,
  initial: () => ({ balance: 0n, reversed: new Set() }),
  evolve(card, event) {
    if (event.type === "CardReversed") card.reversed.add(event.origin);
    card.balance += changeOf(event);
    return card;
  },
  draft: ({ balance, reversed }) => ({ balance, reversed: new Set(reversed) }),
  commit: (draft) => draft,
  weight: ({ reversed }) => 100 + 20 * reversed.size,
  snapshots: {
    schema: "card-1",
    write: (card) => Buffer.from(saved(card)),
    read(bytes): Card {
      const { balance, reversed } = JSON.parse(Buffer.from(bytes).toString()) as SavedCard;
      return { balance: BigInt(balance), reversed: new Set(reversed) };
    },
    agrees: ({ reversed }, event) => event.type !== "CardReversed" || reversed.has(event.origin),
    isSame: (a, b) => saved(a) === saved(b),
  },
});

interface SavedCard {
  readonly balance: string;
  readonly reversed: readonly number[];
}

function saved({ balance, reversed }: Card): string {
  return JSON.stringify({ balance: `${balance}`, reversed: [...reversed].sort() } satisfies SavedCard);
}

/** A reversal states what it gives back, or, below zero, takes back. */
function changeOf(event: CardEvent): bigint {
  switch (event.type) {
    case "CardLoaded":
      return sum(event.notes);
    case "CardSpent":
      return -event.amount;
    case "CardEmptied":
      return 0n;
    case "CardReversed":
      return event.amount;
  }
}

export type CardCommand =
  | { readonly type: "load"; readonly notes: readonly bigint[] }
  | { readonly type: "spend"; readonly amount: bigint }
  | { readonly type: "reverse"; readonly origin: BusinessKey };

export type CardAnswer =
  | {
      /** Change of the balance that it made. */
      readonly change: bigint;
      /** In how many events. */
      readonly parts: number;
      /** Whether it left nothing. */
      readonly emptied: boolean;
      /** As it is now. */
      readonly balance: bigint;
      readonly isRepeated: boolean;
    }
  | { readonly refused: "too_little" | "origin_unknown" | "not_reversible" | "reversed" | "key_reused" };

type CardStep = Step<Keyed<Card>, CardEvent, CardAnswer>;

/** One step of a command under a key. A command that is a saga's own has no fingerprint. */
export function decideCard(
  state: Keyed<Card>,
  key: BusinessKey,
  command: CardCommand,
  isOwn = false,
): CardStep {
  const fingerprint = isOwn ? undefined : fingerprintOf(command);
  return decideKeyed<Card, CardEvent, CardAnswer>(state, {
    key,
    fingerprint,
    recognises: (first) => first === fingerprintOf(inAnotherOrder(command)),
    decide: (card, before) => {
      const common = { key, ...(fingerprint === undefined ? {} : { fingerprint }) };
      return decide(card, command, common, before);
    },
    repeat: (made, { balance }) => answerOf(made, balance, true),
    refuse: () => ({ refused: "key_reused" }),
    leadsTo: ({ type }) => (type === "CardSpent" ? (event) => event.type === "CardEmptied" : undefined),
  });
}

function fingerprintOf(command: CardCommand): string {
  const notes = command.type === "load" ? { notes: command.notes.join(" ") } : {};
  const origin = command.type === "reverse" ? { origin: { ...command.origin } } : {};
  const spent = command.type === "spend" ? { amount: command.amount } : {};
  const account = { programme: "cards", member: "bearer", currency: "NOTE" };
  return commandFingerprint({ type: command.type, ...notes, ...origin, ...spent }, account);
}

/** As an earlier program told the notes of a load. */
function inAnotherOrder(command: CardCommand): CardCommand {
  return command.type === "load" ? { ...command, notes: command.notes.toReversed() } : command;
}

interface Common {
  readonly key: BusinessKey;
  readonly fingerprint?: string;
}

type CardDecision = KeyedDecision<Card, CardEvent, CardAnswer>;

function decide(card: Card, command: CardCommand, common: Common, before: Before<CardEvent>): CardDecision {
  switch (command.type) {
    case "load": {
      const notes = command.notes.map((note) => ({ amount: note }));
      return accept(
        inParts(
          notes,
          NOTES_PER_EVENT,
          (some, part): CardEvent => ({
            type: "CardLoaded",
            ...common,
            ...part,
            notes: some,
          }),
        ),
      );
    }
    case "spend": {
      if (command.amount > card.balance) return refuse("too_little");
      const spent = { type: "CardSpent", ...common, amount: command.amount } as const;
      return accept(command.amount === card.balance ? [spent, { type: "CardEmptied", at: 0 }] : [spent]);
    }
    case "reverse":
      return reverse(card, command.origin, common, before);
  }
}

function reverse(
  card: Card,
  key: BusinessKey,
  common: Common,
  { keys, origin }: Before<CardEvent>,
): CardDecision {
  const revision = keys.revisionOf(key);
  if (revision === undefined) return refuse("origin_unknown");
  if (card.reversed.has(revision)) return refuse("reversed");
  if (origin === undefined) return { needs: { revision } };
  if (origin[0]?.type === "CardReversed") return refuse("not_reversible");
  const back = -origin.reduce((all, event) => all + changeOf(event), 0n);
  if (card.balance + back < 0n) return refuse("too_little");
  return accept([{ type: "CardReversed", ...common, origin: revision, amount: back }]);
}

function accept(events: readonly CardEvent[]): CardDecision {
  const answer = ({ balance }: Card, made: Made<CardEvent>) => {
    const answered = answerOf(made, balance, false);
    return (_: Appended) => answered;
  };
  return { events, answer };
}

function refuse(refused: Extract<CardAnswer, { readonly refused: unknown }>["refused"]): CardDecision {
  return { events: [], answer: () => () => ({ refused }) };
}

function answerOf({ events, after }: Made<CardEvent>, balance: bigint, isRepeated: boolean): CardAnswer {
  const change = events.reduce((all, event) => all + changeOf(event), 0n);
  return { change, parts: events.length, emptied: after.length > 0, balance, isRepeated };
}
