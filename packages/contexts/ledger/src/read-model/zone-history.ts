import type { EventStore, Position } from "@taem/event-store";
import { definitionEvents, programmeStream } from "@taem/programme/events";

interface ZoneVersion {
  readonly zone: string;
  readonly validFrom: number;
  /** Where in the log it was published. */
  readonly position: Position;
}

interface Known {
  revision: number;
  readonly versions: ZoneVersion[];
}

/**
 * The time zones of programmes as they stood at each position of the log. A row must come out the same whenever it is
 * built, so what was published after an event has no say in it.
 */
export class ZoneHistory {
  readonly #store: Pick<EventStore, "read">;
  readonly #known = new Map<string, Known>();

  constructor(store: Pick<EventStore, "read">) {
    this.#store = store;
  }

  /** Makes sure that everything published so far about these programmes is known: one round trip. */
  async refresh(programmes: readonly string[]): Promise<void> {
    const requests = programmes.map((programme) => ({
      stream: programmeStream(programme),
      afterRevision: this.#of(programme).revision,
    }));
    const streams = requests.length === 0 ? [] : await this.#store.read(requests);
    programmes.forEach((programme, i) => {
      const known = this.#of(programme);
      for (const record of streams[i]?.events ?? []) {
        const { position, revision } = record;
        if (revision <= known.revision) continue;
        known.revision = revision;
        const event = definitionEvents.decode(record);
        if (event.type === "ProgrammeDefined" || event.type === "ProgrammeZoneChanged") {
          known.versions.push({ zone: event.zone, validFrom: event.validFrom, position });
        }
      }
    });
  }

  /** The zone in force at an instant, by what had been published before a position. */
  zoneAt(programme: string, at: number, position: Position): string {
    const { versions } = this.#of(programme);
    const [first] = versions;
    if (first === undefined || first.position > position) {
      throw new Error(`programme ${programme} was not defined before position ${position}`);
    }
    for (let i = versions.length - 1; i > 0; i--) {
      const version = versions[i] as ZoneVersion;
      if (version.position < position && version.validFrom <= at) return version.zone;
    }
    return first.zone;
  }

  #of(programme: string): Known {
    const known = this.#known.get(programme);
    if (known !== undefined) return known;
    const fresh = { revision: 0, versions: [] };
    this.#known.set(programme, fresh);
    return fresh;
  }
}
