import { setTimeout as delay } from "node:timers/promises";
import { Claims } from "@taem/event-store";
import { type ReadTools, uniqueStreamOf } from "@taem/host";
import { ApiError } from "@taem/http";
import { evolveProgramme, type Programme } from "../domain/programme.ts";
import { codeReservations, type DefinitionEvent, definitionEvents, programmeStream } from "../events.ts";

/** Queries see definitions that were published through another instance after this long at most, and before any refusal. */
const FRESH_MS = 500;
/** Between two looks for what a request names and is not there: a flood of unknown names is no flood of reads. */
const LOOK_AGAIN_MS = 50;

interface Known {
  readonly programme: Programme;
  readonly readAt: number;
}

/**
 * The programmes: few, small, changed seldom. Kept in memory, to know by which names a request is about what; a command is
 * decided on what the store has, see `Accounts`.
 */
export class Programmes {
  readonly #tools: Pick<ReadTools, "store" | "clock" | "hmacKey">;
  /** Who has which code. */
  readonly codes: Claims<DefinitionEvent<"ProgrammeDefined">>;
  readonly #known = new Map<string, Known>();
  /** Reads under way, by code. */
  readonly #reading = new Map<string, Promise<Programme>>();
  /** Reads that begin when the one under way ends. */
  readonly #next = new Map<string, Promise<Programme>>();
  /** Looks that begin when the one before is long enough ago. */
  readonly #looking = new Map<string, Promise<Programme>>();
  readonly #lookedAt = new Map<string, number>();

  constructor(tools: Pick<ReadTools, "store" | "clock" | "hmacKey">) {
    this.#tools = tools;
    this.codes = new Claims({ ...tools, events: codeReservations.events });
  }

  /** A programme as it was read at some time: what it says of ids is true for ever. Undefined says nothing. */
  known(code: string): Programme | undefined {
    return this.#known.get(code)?.programme;
  }

  /** As `known`, from the store where need be. Refuses with `programme_unknown`. */
  async named(code: string): Promise<Programme> {
    return this.known(code) ?? (await this.newest(code));
  }

  /**
   * A programme as it was a little while ago at most; one with a replay clock as it is, for whoever moved the clock may
   * use it at once, through any instance. Refuses with `programme_unknown`.
   */
  async get(code: string): Promise<Programme> {
    const known = this.#known.get(code);
    const isFresh =
      known !== undefined &&
      known.programme.clock.mode === "live" &&
      this.#tools.clock.now() - known.readAt <= FRESH_MS;
    return isFresh ? known.programme : await this.newest(code);
  }

  /**
   * The programme as the store has it now: not as a read found it that had begun before. Who asks while one is under way shares
   * the next one, so that a process which knows nothing yet reads a programme once or twice for a thousand lines. Refuses
   * with `programme_unknown`.
   */
  newest(code: string): Promise<Programme> {
    const begin = () => {
      this.#next.delete(code);
      const known = this.#known.get(code);
      const found = known === undefined ? this.#find(code) : this.#readOn(known.programme);
      const reading = found.finally(() => this.#reading.delete(code));
      this.#reading.set(code, reading);
      return reading;
    };
    const underway = this.#reading.get(code);
    if (underway === undefined) return begin();
    const next = this.#next.get(code) ?? underway.then(begin, begin);
    this.#next.set(code, next);
    return next;
  }

  /** Takes over what somebody else has read or written; the newest that is known. */
  learn(programme: Programme): Programme {
    return this.#remember(programme);
  }

  /**
   * The programme as the store has it now, before a request is refused for what it names: all that ask at a time share one
   * look, and the next begins a little later.
   */
  lookAgain(programme: Programme): Promise<Programme> {
    const { id } = programme;
    const waiting = this.#looking.get(id);
    if (waiting !== undefined) return waiting;
    const waitMs = (this.#lookedAt.get(id) ?? 0) + LOOK_AGAIN_MS - performance.now();
    if (waitMs <= 0) return this.#look(programme);
    const looking = delay(waitMs).then(() => this.#look(programme));
    this.#looking.set(id, looking);
    return looking;
  }

  #look(programme: Programme): Promise<Programme> {
    this.#looking.delete(programme.id);
    this.#lookedAt.set(programme.id, performance.now());
    return this.refresh(programme);
  }

  /** By our id, as events name it. Refuses with `programme_unknown`. */
  async byId(id: string): Promise<Programme> {
    for (const { programme } of this.#known.values())
      if (programme.id === id) return this.get(programme.code);
    return this.load(id);
  }

  /** As `newest`, of one that is known. */
  refresh({ code }: Programme): Promise<Programme> {
    return this.newest(code);
  }

  async #find(code: string): Promise<Programme> {
    const id = await this.idOf(code);
    if (id === undefined) throw new ApiError("programme_unknown");
    return this.load(id);
  }

  /** Our id of the programme that has a code. */
  async idOf(code: string): Promise<string | undefined> {
    return (await this.codes.read(this.codeStream(code)))?.programme;
  }

  /** From its stream. Refuses with `programme_unknown`. */
  async load(id: string): Promise<Programme> {
    const readAt = this.#tools.clock.now();
    const [stream] = await this.#tools.store.read([{ stream: programmeStream(id), afterRevision: 0 }]);
    const events = (stream?.events ?? []).map((event) => definitionEvents.decode(event));
    const programme = events.reduce<Programme | undefined>(evolveProgramme, undefined);
    if (programme === undefined) throw new ApiError("programme_unknown");
    return this.#remember(programme, readAt);
  }

  async #readOn(programme: Programme): Promise<Programme> {
    const readAt = this.#tools.clock.now();
    const request = { stream: programmeStream(programme.id), afterRevision: programme.revision };
    const [tail] = await this.#tools.store.read([request]);
    const events = (tail?.events ?? []).map((event) => definitionEvents.decode(event));
    return this.#remember(events.reduce<Programme>(evolveProgramme, programme), readAt);
  }

  /** The newest version wins, whichever reader or writer brought it. */
  #remember(programme: Programme, readAt = this.#tools.clock.now()): Programme {
    const known = this.#known.get(programme.code);
    const isOlder = known !== undefined && known.programme.revision > programme.revision;
    const newest = isOlder ? known.programme : programme;
    this.#known.set(newest.code, { programme: newest, readAt });
    return newest;
  }

  /** Where it is reserved. */
  codeStream(code: string): string {
    return uniqueStreamOf(this.#tools.hmacKey, "programme", code);
  }
}
