import { fields } from "@taem/http";
import type { z } from "zod";
import type { BusinessClock, Programme } from "../definitions.ts";
import type { programmeItem } from "./definitions.ts";

/** A programme in wire form, without what is defined in it. */
export function programmeBody(programme: Programme): z.input<typeof programmeItem> {
  const { code, id, name, zones, singleHanded, clock } = programme;
  return {
    programme: code,
    id,
    name,
    zone: zones.at(-1)?.value as string,
    singleHanded,
    clock: clockBody(clock),
  };
}

export function clockBody(clock: BusinessClock): z.input<typeof programmeItem>["clock"] {
  return clock.mode === "live" ? { mode: "live" } : { mode: "replay", at: fields.formatInstant(clock.at) };
}
