import type { cutSchema, parkedSchema } from "@taem/api";
import { fields } from "@taem/http";
import type { Parked } from "@taem/projection";
import type { z } from "zod";
import type { Cut } from "../queries/cut.ts";

const { formatInstant } = fields;

export function cutBody({ position, through, definitionVersion }: Cut): z.input<typeof cutSchema> {
  return { position, through, definitionVersion };
}

export function parkedBody(parked: Parked | undefined): { parked?: z.input<typeof parkedSchema> } {
  return parked === undefined ? {} : { parked: { since: parked.position } };
}

/** Instants that never come are null. */
export function instantOrNull(at: number): string | null {
  return Number.isFinite(at) ? formatInstant(at) : null;
}
