import type { Parked } from "@taem/processing";
import type { z } from "zod";
import type { Cut } from "../queries/cut.ts";
import type { cutSchema, parkedSchema } from "./view.ts";

export function cutBody({ position, through, definitionVersion }: Cut): z.input<typeof cutSchema> {
  return { position, through, definitionVersion };
}

export function parkedBody(parked: Parked | undefined): { parked?: z.input<typeof parkedSchema> } {
  return parked === undefined ? {} : { parked: { since: parked.position } };
}
