import { int4Array, textArray } from "@taem/postgres";
import type { Fold, Projection } from "@taem/processing";
import { createCatalogue } from "@taem/schema";
import { type CardStamped, card } from "./events.ts";

/** How many stamps each member has. */
export function cards(): Projection<CardStamped> {
  return {
    name: "cards",
    version: 1,
    tables: [
      {
        name: "cards",
        columns: { slice: "smallint NOT NULL", member: 'text COLLATE "C" NOT NULL', stamps: "int NOT NULL" },
        key: ["slice", "member"],
        indexes: ["CREATE UNIQUE INDEX ON {table} (slice, member)"],
        appendOnly: false,
      },
    ],
    catalogue: createCatalogue([card]),
    handles: (type) => card.events.has(type),
    prepare: async () => {},
    begin: cardsOfBatch,
  };
}

function cardsOfBatch(): Fold<CardStamped> {
  const added = new Map<string, { readonly slice: number; stamps: number }>();
  return {
    add({ record: { slice }, event: { member, stamps } }) {
      const row = added.get(member) ?? { slice, stamps: 0 };
      row.stamps += stamps;
      added.set(member, row);
    },
    writeAdded() {},
    write(writes, schema) {
      if (added.size === 0) return;
      const rows = [...added.values()];
      writes.run(
        `INSERT INTO ${schema}.cards SELECT * FROM unnest($1::int[], $2::text[], $3::int[])
             ON CONFLICT (slice, member) DO UPDATE SET stamps = cards.stamps + excluded.stamps`,
        [
          int4Array(rows.map(({ slice }) => slice)),
          textArray([...added.keys()]),
          int4Array(rows.map(({ stamps }) => stamps)),
        ],
      );
    },
  };
}
