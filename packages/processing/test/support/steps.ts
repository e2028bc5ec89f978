import type { EventStore } from "@taem/event-store";
import type { Database, Queryable, Statement, Writes } from "@taem/postgres";

const WRITES = /\b(INSERT|UPDATE|DELETE)\b/;

/** The steps that a program takes, by name; at one of them it can be made to end itself, or to hold still. */
export class Steps {
  readonly taken = new Set<string>();
  readonly #last: string | undefined;
  readonly #signal: "SIGKILL" | "SIGSTOP";
  /** While a program starts, nothing has begun yet. */
  isWatching = false;
  #isOver = false;

  /** The last step that is taken, if any, and what the program does to itself there. */
  constructor(last?: string, signal: "SIGKILL" | "SIGSTOP" = "SIGKILL") {
    this.#last = last;
    this.#signal = signal;
  }

  async take(step: string): Promise<void> {
    if (!this.isWatching) return;
    this.taken.add(step);
    if (step !== this.#last || this.#isOver) return;
    this.#isOver = true;
    process.kill(process.pid, this.#signal);
    // Nothing more is begun, whenever the signal comes.
    if (this.#signal === "SIGKILL") await new Promise(() => {});
  }
}

/** A database whose statements that find or change something, and whose commits, are steps of a part of the program. */
export function watched(database: Database, part: string, steps: Steps): Database {
  return {
    ...database,
    ...watchedQueries(database, async () => {}),
    // All of it is one message, so there is a step before it and a step after.
    async write(writes, options) {
      const change = changeOf(writes);
      if (change !== undefined) await steps.take(`${part}: before ${change}`);
      await database.write(writes, options);
      if (change !== undefined) await steps.take(`${part}: after ${change}`);
    },
    async transaction(work, options) {
      // A transaction is known by the last thing it changed.
      let change: string | undefined;
      const result = await database.transaction(async (transaction) => {
        const done = await work({
          ...watchedQueries(transaction, async (statement) => {
            if (WRITES.test(statement.text)) change = nameOf(statement);
            await steps.take(`${part}: after ${nameOf(statement)}`);
          }),
          write: (writes) => transaction.write(writes),
        });
        if (change !== undefined) await steps.take(`${part}: before the commit of ${change}`);
        return done;
      }, options);
      if (change !== undefined) await steps.take(`${part}: after the commit of ${change}`);
      return result;
    },
  };
}

function watchedQueries(runner: Queryable, after: (statement: Statement) => Promise<void>): Queryable {
  const parsed = (statement: string | Statement) =>
    typeof statement === "string" ? { text: statement } : statement;
  return {
    async query(statement, values) {
      const result = await runner.query<never>(statement, values);
      if (result.rowCount > 0) await after(parsed(statement));
      return result;
    },
    async queryArrays(statement, values) {
      const rows = await runner.queryArrays<never>(statement, values);
      if (rows.length > 0) await after(parsed(statement));
      return rows;
    },
    copyInto: (table, columns, rows) => runner.copyInto(table, columns, rows),
  };
}

/** A message is known by the last thing that it changes beside checkpoints: of those alone there are many. */
function changeOf({ steps }: Writes): string | undefined {
  const changes = steps.flatMap((step) => ("statement" in step ? [nameOf(step.statement)] : []));
  return changes.findLast((name) => !/(_advance|counted)$/.test(name));
}

function nameOf({ name, text }: Statement): string {
  return name ?? text.trim().split(/\s+/).slice(0, 3).join(" ");
}

/** A store whose appends are steps, by the types of their events: which go together depends on how commands meet. */
export function watchedStore(store: EventStore, steps: Steps): EventStore {
  return Object.create(store, {
    append: {
      async value(...[appends, signal]: Parameters<EventStore["append"]>) {
        const types = new Set(appends.flatMap(({ events }) => events.map(({ type }) => type)));
        for (const type of types) await steps.take(`store: before ${type}`);
        const results = await store.append(appends, signal);
        for (const type of types) await steps.take(`store: after ${type}`);
        return results;
      },
    },
  }) as EventStore;
}
