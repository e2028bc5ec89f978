import { int4Array, int8Array, textArray, type Writes } from "@taem/postgres";
import type { Fold, ProjectedEvent, Projection } from "@taem/processing";
import { createCatalogue } from "@taem/schema";
import { dueInstants } from "../domain/index.ts";
import { type AccountEvent, account, accountEvents } from "../events.ts";

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
  writeAdded(): void {}

  write(writes: Writes, schema: string): void {
    insert(writes, `${schema}.sweeps`, SWEEP_TYPES, [...this.#sweeps.values()]);
    insert(writes, `${schema}.transfers`, TRANSFER_TYPES, this.#begun);
    insert(writes, `${schema}.ended_transfers`, ENDED_TYPES, this.#ended);
  }
}

function endsTransfer(event: AccountEvent): event is AccountEvent<"TransferIn" | "TransferReturned"> {
  return (event.type === "TransferIn" || event.type === "TransferReturned") && (event.part?.index ?? 1) === 1;
}

const SWEEP_TYPES = ["int", "text", "text", "text", "bigint"] as const;
const TRANSFER_TYPES = ["int", "text", "text", "text", "text", "int", "bigint"] as const;
const ENDED_TYPES = ["int", "text"] as const;

const ARRAYS = {
  int: (values: readonly unknown[]) => int4Array(values as number[]),
  bigint: (values: readonly unknown[]) => int8Array((values as number[]).map(BigInt)),
  text: (values: readonly unknown[]) => textArray(values as string[]),
};

/** Adds rows that are not there yet; one array a column. */
function insert(
  writes: Writes,
  table: string,
  types: readonly (keyof typeof ARRAYS)[],
  rows: readonly Row[],
): void {
  if (rows.length === 0) return;
  const parameters = types.map((type, i) => `$${i + 1}::${type}[]`).join(", ");
  const columns = types.map((type, i) => ARRAYS[type](rows.map((row) => row[i])));
  const text = `INSERT INTO ${table} SELECT * FROM unnest(${parameters}) ON CONFLICT DO NOTHING`;
  writes.run({ text, name: `schedule ${table}` }, columns);
}
