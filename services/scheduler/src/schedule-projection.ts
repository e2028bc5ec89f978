import { type AccountEvent, account, accountEvents } from "@taem/ledger/events";
import type { Queryable } from "@taem/postgres";
import type { Fold, ProjectedEvent, Projection } from "@taem/processing";
import { createCatalogue } from "@taem/schema";
import { dueInstants } from "./due-instants.ts";

/**
 * What is to be done and when: accounts to sweep at an instant, transfers to bring to their end. Rows are an outbox:
 * who has done a task deletes it. Doing one twice changes nothing, so a schedule that is built anew is only more work.
 */
export function scheduleProjection(): Projection {
  return {
    name: "schedule",
    version: 2,
    tables: [
      {
        name: "sweeps",
        columns: {
          slice: "smallint NOT NULL",
          programme: 'text COLLATE "C" NOT NULL',
          member: 'text COLLATE "C" NOT NULL',
          currency: 'text COLLATE "C" NOT NULL',
          due_at: "bigint NOT NULL",
        },
        key: ["slice", "programme", "member", "currency", "due_at"],
        // Found in this order. Two events may name one instant: there is one row.
        indexes: ["CREATE INDEX ON {table} (programme, due_at, member, currency)"],
        appendOnly: false,
      },
      {
        name: "transfers",
        columns: {
          slice: "smallint NOT NULL",
          transfer: 'text COLLATE "C" NOT NULL',
          programme: 'text COLLATE "C" NOT NULL',
          member: 'text COLLATE "C" NOT NULL',
          currency: 'text COLLATE "C" NOT NULL',
          revision: "int NOT NULL",
          recorded_at: "bigint NOT NULL",
        },
        key: ["slice", "transfer"],
        indexes: ["CREATE INDEX ON {table} (recorded_at)"],
        appendOnly: false,
      },
      {
        name: "ended_transfers",
        columns: { slice: "smallint NOT NULL", transfer: 'text COLLATE "C" NOT NULL' },
        key: ["slice", "transfer"],
        indexes: ["CREATE INDEX ON {table} (transfer)"],
        appendOnly: false,
      },
    ],
    catalogue: createCatalogue([account]),
    handles: (type) => accountEvents.has(type),
    prepare: async () => {},
    begin: () => new ScheduleFold(),
  };
}

type Row = readonly unknown[];

/** A batch of events as tasks, each once. */
class ScheduleFold implements Fold {
  readonly #sweeps = new Map<string, Row>();
  readonly #begun: Row[] = [];
  readonly #ended: Row[] = [];

  add({ event, record }: ProjectedEvent): void {
    const account = event as AccountEvent;
    const { programme, member, currency } = account;
    const { slice } = record;
    for (const dueAt of dueInstants(account)) {
      this.#sweeps.set(`${member} ${currency} ${dueAt}`, [slice, programme, member, currency, dueAt]);
    }
    if (account.type === "TransferOut" && (account.part?.index ?? 1) === 1) {
      const { transfer } = account;
      this.#begun.push([slice, transfer, programme, member, currency, record.revision, record.recordedAt]);
    } else if (endsTransfer(account)) this.#ended.push([slice, account.transfer]);
  }

  /** No table of this projection is only added to. */
  async writeAdded(): Promise<void> {}

  async write(sql: Queryable, schema: string): Promise<void> {
    await insert(sql, `${schema}.sweeps`, SWEEP_TYPES, [...this.#sweeps.values()]);
    await insert(sql, `${schema}.transfers`, TRANSFER_TYPES, this.#begun);
    await insert(sql, `${schema}.ended_transfers`, ENDED_TYPES, this.#ended);
  }
}

function endsTransfer(event: AccountEvent): event is AccountEvent<"TransferIn" | "TransferReturned"> {
  return (event.type === "TransferIn" || event.type === "TransferReturned") && (event.part?.index ?? 1) === 1;
}

const SWEEP_TYPES = ["smallint", "text", "text", "text", "bigint"];
const TRANSFER_TYPES = ["smallint", "text", "text", "text", "text", "int", "bigint"];
const ENDED_TYPES = ["smallint", "text"];

/** Adds rows that are not there yet; one array a column. */
async function insert(
  sql: Queryable,
  table: string,
  types: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return;
  const parameters = types.map((type, i) => `$${i + 1}::${type}[]`).join(", ");
  const columns = types.map((_, i) => rows.map((row) => row[i]));
  const text = `INSERT INTO ${table} SELECT * FROM unnest(${parameters}) ON CONFLICT DO NOTHING`;
  await sql.query({ text, name: `schedule ${table}` }, columns);
}
