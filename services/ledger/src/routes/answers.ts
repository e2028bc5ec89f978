import { fields } from "@taem/http";
import type { Parked } from "@taem/projection";
import { z } from "zod";
import type { Cut } from "../queries/cut.ts";

const { formatInstant, instant } = fields;

/** What every answer says about itself. */
export const cutSchema = z
  .strictObject({
    position: z.string(),
    through: z.string(),
    definitionVersion: z.int(),
  })
  .meta({
    id: "Cut",
    description:
      "What the answer knows: every event up to `position`, none after `through`, counted by that version of the definitions.",
  });

export const parkedSchema = z.strictObject({ since: z.string() }).meta({
  id: "Parked",
  description: "The read model stopped following this account at that position: ask with consistency=strong.",
});

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

export const nullableInstant = instant.nullable();
