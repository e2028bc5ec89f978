import { keyedRows, type Projection, rowsProjection } from "@taem/processing";
import { createCatalogue } from "@taem/schema";
import { type ClientEvent, client } from "../events.ts";

export const CLIENTS = "clients";

/** Which clients there are, and the code of the programme that each is bound to for ever. Their streams say the rest. */
export function clientsProjection(): Projection<ClientEvent<"ClientCreated">> {
  return rowsProjection<ClientEvent<"ClientCreated">>({
    name: CLIENTS,
    version: 1,
    catalogue: createCatalogue([client]),
    handles: (type) => type === "ClientCreated",
    rows: [
      keyedRows({
        table: {
          name: "clients",
          columns: {
            slice: "smallint NOT NULL",
            client: 'text COLLATE "C" NOT NULL',
            programme: 'text COLLATE "C"',
            position: 'text COLLATE "C" NOT NULL',
          },
          key: ["client"],
          indexes: ["CREATE INDEX ON {table} (programme, client)"],
          appendOnly: false,
        },
        key: ({ event }) => ({ client: event.client }),
        apply: (_, { event: { client: id, programme = null }, record: { position } }) => ({
          client: id,
          programme,
          position,
        }),
      }),
    ],
  });
}
