import { keyedRows, type Projection, rowsProjection } from "@taem/processing";
import { createCatalogue } from "@taem/schema";
import { type DefinitionEvent, programme } from "../events.ts";

export const PROGRAMMES = "programmes";

/** Which programmes there are. Their streams say what they are. */
export function programmesProjection(): Projection<DefinitionEvent<"ProgrammeDefined">> {
  return rowsProjection<DefinitionEvent<"ProgrammeDefined">>({
    name: PROGRAMMES,
    version: 1,
    catalogue: createCatalogue([programme]),
    handles: (type) => type === "ProgrammeDefined",
    rows: [
      keyedRows({
        table: {
          name: "programmes",
          columns: {
            slice: "smallint NOT NULL",
            programme: "uuid NOT NULL",
            code: 'text COLLATE "C" NOT NULL',
            position: 'text COLLATE "C" NOT NULL',
          },
          key: ["code"],
          indexes: [],
          appendOnly: false,
        },
        key: ({ event }) => ({ code: event.code }),
        apply: (_, { event: { programme: id, code }, record: { position } }) => ({
          programme: id,
          code,
          position,
        }),
      }),
    ],
  });
}
