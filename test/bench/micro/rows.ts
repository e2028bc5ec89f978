import type { Row } from "./row.ts";

/**
 * Everything that is measured, each in a thread of its own that loads nothing but what it needs: in one, what one row does
 * to the engine's inline caches would be a cost of the others.
 */
export const rows = {
  calibration: async () => (await import("./calibration-row.ts")).calibration,
  "node:http": async () => await (await import("./http-rows.ts")).openNodeHttp(),
  express: async () => await (await import("./http-rows.ts")).openExpress(),
  kit: async () => await (await import("./kit-row.ts")).openKit(),
  decide: async () => (await import("./ledger-rows.ts")).openDecide(),
  handler: async () => (await import("./ledger-rows.ts")).openHandler(),
  encode: async () => (await import("./ledger-rows.ts")).openEncode(),
  fold: async () => (await import("./ledger-rows.ts")).openFold(),
} satisfies Readonly<Record<string, () => Promise<Row>>>;

export type RowName = keyof typeof rows;

export const ROW_NAMES = Object.keys(rows) as readonly RowName[];
