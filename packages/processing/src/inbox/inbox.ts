import { sliceOfName } from "@taem/kernel";
import type { Database } from "@taem/postgres";
import { encodeMeta, type Provenance } from "@taem/schema";
import { addMessages } from "../queue/message.ts";
import { tableOf } from "../queue/schema.ts";

/** What came from outside. */
export interface IncomingMessage {
  /** The sender's own id of it: brought again, it is the same message. */
  readonly key: string;
  /** Messages of one lane are worked off one after the other, such as those about one order. */
  readonly lane: string;
  readonly type: string;
  /** As it came: what cannot be read is kept, too. */
  readonly body: string;
  readonly provenance: Provenance;
  /** What the sender is told; whoever brings the message again is told the same. */
  readonly answer: string;
}

export interface Received {
  /** The first one that was given under this key. */
  readonly answer: string;
  /** Whether the message had come before. */
  readonly isRepeated: boolean;
  /** Whether what came is what had come first. */
  readonly isSame: boolean;
}

interface Stored {
  readonly key: string;
  readonly lane: string;
  readonly type: string;
  readonly body: string;
  readonly answer: string;
}

/** The meta of a message is no event's: there is one version of it. */
const META_VERSION = 1;

/** Keeps what comes from outside until it is worked off, and its key for good. */
export class Inbox {
  readonly #database: Database;
  readonly #name: string;

  constructor(database: Database, name: string) {
    this.#database = database;
    this.#name = name;
  }

  /**
   * Stores messages before they are answered: when it resolves they are on the disk, whatever the database is set to.
   * Answers in input order. A key brought again is answered as at first, and not worked off again.
   */
  async receive(messages: readonly IncomingMessage[]): Promise<Received[]> {
    if (messages.length === 0) return [];
    const added = new Set(
      await this.#database.transaction(async (transaction) => {
        await transaction.query("SET LOCAL synchronous_commit = on");
        return await addMessages(transaction, "inbox", this.#name, messages.map(incoming));
      }),
    );
    const first = await this.#firstOf(messages, added);
    return messages.map((message) => {
      // Of two under one key in one call, the first is the first.
      if (added.delete(message.key)) return { answer: message.answer, isRepeated: false, isSame: true };
      const stored = first.get(message.key) as Stored;
      const isSame =
        stored.body === message.body && stored.type === message.type && stored.lane === message.lane;
      return { answer: stored.answer, isRepeated: true, isSame };
    });
  }

  /** What stands under the keys of messages that had come before. */
  async #firstOf(
    messages: readonly IncomingMessage[],
    added: ReadonlySet<string>,
  ): Promise<Map<string, Stored>> {
    if (added.size === messages.length) return new Map();
    const { rows } = await this.#database.query<Stored>(
      `SELECT key, lane, type, body, answer FROM ${tableOf("inbox")} WHERE queue = $1 AND key = ANY ($2)`,
      [this.#name, messages.map(({ key }) => key)],
    );
    return new Map(rows.map((row) => [row.key, row]));
  }
}

function incoming({ key, lane, type, body, provenance, answer }: IncomingMessage) {
  const meta = encodeMeta(META_VERSION, provenance);
  return { key, lane, slice: sliceOfName(lane), type, body, meta, answer };
}
