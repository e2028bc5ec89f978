import { keyedRows, type Projection, rowsProjection } from "@taem/processing";
import { createCatalogue } from "@taem/schema";
import { type CardStamped, card } from "./events.ts";

/** How many stamps each member has. */
export function cards(): Projection<CardStamped> {
  return rowsProjection<CardStamped>({
    name: "cards",
    version: 1,
    catalogue: createCatalogue([card]),
    rows: [
      keyedRows({
        table: {
          name: "cards",
          columns: {
            slice: "smallint NOT NULL",
            member: 'text COLLATE "C" NOT NULL',
            stamps: "int NOT NULL",
          },
          key: ["slice", "member"],
          indexes: [],
          appendOnly: false,
        },
        key: ({ event: { member } }) => ({ member }),
        apply: (row, { event: { member, stamps } }) => ({ member, stamps: (row?.stamps ?? 0) + stamps }),
      }),
    ],
  });
}
