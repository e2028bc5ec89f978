import type { Database, Writes } from "@taem/postgres";
import { createCatalogue } from "@taem/schema";
import type { Fold, ProjectedEvent, Projection, Table } from "../../src/index.ts";
import { type NumberAdded, numbers } from "./installation.ts";

export const UNLUCKY = 1_313;
export const REFUSED_BY_DATABASE = 666;

const entries: Table = {
  name: "entries",
  columns: {
    slice: "smallint NOT NULL",
    position: `text COLLATE "C" NOT NULL`,
    member: "text NOT NULL",
    number: `bigint NOT NULL CHECK (number <> ${REFUSED_BY_DATABASE})`,
  },
  key: ["position"],
  indexes: [],
  appendOnly: true,
};

const sums: Table = {
  name: "sums",
  columns: {
    slice: "smallint NOT NULL",
    member: "text NOT NULL",
    total: "numeric NOT NULL",
    count: "int NOT NULL",
  },
  key: ["member"],
  indexes: [],
  appendOnly: false,
};

/** Adds up the numbers of each member; some numbers cannot be projected. */
export class Sums implements Projection<NumberAdded> {
  readonly name: string = "sums";
  version = 1;
  readonly tables = [entries, sums];
  /** SQLSTATEs with which the next writes fail, after the rows are written. */
  readonly failures: string[] = [];
  unlucky: number = UNLUCKY;
  batches: number[] = [];
  /** What is added to each sum: a changed definition. */
  bonus = 0;

  readonly catalogue = createCatalogue([numbers]);

  handles(type: string): boolean {
    return type === "NumberAdded";
  }

  async prepare(): Promise<void> {}

  begin(): Fold<NumberAdded> {
    let entered: ProjectedEvent<NumberAdded>[] = [];
    const added: ProjectedEvent<NumberAdded>[] = [];
    const writeAdded = (writes: Writes, schema: string) => {
      const rows = entered.map(({ record, event }) => [
        record.slice,
        record.position,
        event.member,
        event.number,
      ]);
      entered = [];
      writes.copy(`${schema}.entries`, ["slice", "position", "member", "number"], rows);
    };
    return {
      add: (projected) => {
        if (projected.event.number === this.unlucky) throw new Error("an unlucky number");
        added.push(projected);
        entered.push(projected);
      },
      writeAdded,
      write: (writes, schema) => {
        this.batches.push(added.length);
        writeAdded(writes, schema);
        this.#writeSums(writes, schema, added);
        const failure = this.failures.shift();
        if (failure !== undefined)
          writes.run(`DO $$ BEGIN RAISE 'failed' USING ERRCODE = '${failure}'; END $$`);
      },
    };
  }

  #writeSums(writes: Writes, schema: string, added: readonly ProjectedEvent<NumberAdded>[]): void {
    for (const { record, event } of added) {
      writes.run(
        `INSERT INTO ${schema}.sums AS s VALUES ($1, $2, $3, 1)
             ON CONFLICT (member) DO UPDATE SET total = s.total + excluded.total, count = s.count + 1`,
        [record.slice, event.member, event.number + this.bonus],
      );
    }
  }
}

export async function totals(database: Database): Promise<Record<string, string>> {
  const { rows } = await database.query<{ member: string; total: string }>(
    "SELECT member, total FROM taem_sums.sums ORDER BY member",
  );
  return Object.fromEntries(rows.map(({ member, total }) => [member, total]));
}
