import { keyedRows, type Projection, rowsProjection } from "@taem/processing";
import { createCatalogue } from "@taem/schema";
import { type PersonEvent, person } from "../events.ts";

export const PEOPLE = "people";

const text = 'text COLLATE "C" NOT NULL';

/** Which people there are, and which roles each holds. Their streams say the rest. */
export function peopleProjection(): Projection<PersonEvent> {
  return rowsProjection<PersonEvent>({
    name: PEOPLE,
    version: 1,
    catalogue: createCatalogue([person]),
    rows: [
      keyedRows({
        table: {
          name: "people",
          columns: { slice: "smallint NOT NULL", person: text },
          key: ["slice", "person"],
          indexes: ["CREATE UNIQUE INDEX ON {table} (person)"],
          appendOnly: false,
        },
        key: ({ event }) => (event.type === "PersonAdded" ? { person: event.person } : undefined),
        apply: (_, { event }) => ({ person: event.person }),
      }),
      keyedRows({
        table: {
          name: "roles",
          // No programme is called "": it stands for the whole installation.
          columns: { slice: "smallint NOT NULL", person: text, programme: text, role: text },
          key: ["slice", "person", "programme", "role"],
          indexes: ["CREATE INDEX ON {table} (programme, person)"],
          appendOnly: false,
        },
        key: ({ event }) => (isOfRole(event) ? heldBy(event) : undefined),
        apply: (_, { event }) => (event.type === "RoleGranted" ? heldBy(event) : undefined),
      }),
    ],
  });
}

type OfRole = Extract<PersonEvent, { readonly role: string }>;

function isOfRole(event: PersonEvent): event is OfRole {
  return event.type === "RoleGranted" || event.type === "RoleWithdrawn";
}

function heldBy({ person: holder, programme = "", role }: OfRole) {
  return { person: holder, programme, role };
}
