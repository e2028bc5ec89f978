import { createLedgerProjection } from "@taem/ledger";
import type { Projection } from "@taem/projection";
import type { Platform } from "./platform.ts";

/** The read models that are compared, rebuilt and exported, by name. */
export function projectionsOf(platform: Platform): readonly Projection[] {
  return [createLedgerProjection(platform)];
}
