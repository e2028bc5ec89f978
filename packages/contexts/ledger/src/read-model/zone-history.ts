import type { EventStore, Position } from "@taem/event-store";
import { type DefinitionFold, DefinitionHistory } from "@taem/processing";
import { type DefinitionEvent, definitionEvents, programmeStream } from "@taem/programme/events";

interface ZoneVersion {
  readonly zone: string;
  readonly validFrom: number;
  /** Where in the log it was published. */
  readonly position: Position;
}

/** In the order in which they were published. */
type Zones = readonly ZoneVersion[];

const zonesOf: DefinitionFold<Zones, DefinitionEvent> = {
  stream: programmeStream,
  events: definitionEvents,
  initial: [],
  evolve(zones, event, { position }) {
    if (event.type !== "ProgrammeDefined" && event.type !== "ProgrammeZoneChanged") return zones;
    return [...zones, { zone: event.zone, validFrom: event.validFrom, position }];
  },
};

/** The time zones of programmes as they stood at each position of the log. */
export class ZoneHistory extends DefinitionHistory<Zones, DefinitionEvent> {
  constructor(store: Pick<EventStore, "read">) {
    super(store, zonesOf);
  }

  /** The zone in force at an instant, by what had been published before a position. */
  zoneAt(programme: string, at: number, position: Position): string {
    const zones = this.definitionsAt(programme, position);
    const [first] = zones;
    if (first === undefined)
      throw new Error(`programme ${programme} was not defined before position ${position}`);
    for (let i = zones.length - 1; i > 0; i--) {
      const version = zones[i] as ZoneVersion;
      if (version.position < position && version.validFrom <= at) return version.zone;
    }
    return first.zone;
  }
}
