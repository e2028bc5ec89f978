import { schemaOf } from "@taem/processing";

/** The projection, as operators call it. */
export const LEDGER = "ledger";

/** Where its tables are that answer queries. */
export const SCHEMA = schemaOf({ name: LEDGER });
