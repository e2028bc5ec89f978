import type { EventStore, Position } from "@taem/event-store";
import { ApiError, type Place, type Token, type Tokens } from "@taem/http";
import { SLICES } from "@taem/kernel";
import type { ProjectorView } from "@taem/processing";
import type { Clock } from "@taem/runtime";

/** How long a query waits for a read model, in milliseconds. */
const MAX_WAIT_MS = 2_000;
/** Left for the answer itself. */
const RESERVE_MS = 250;

export interface ReachTools {
  readonly store: Pick<EventStore, "head">;
  readonly clock: Clock;
  readonly tokens: Tokens;
  /** Of the read model that answers. */
  readonly projector: ProjectorView;
}

/** What a query reads of a read model. */
export interface Reading<R> {
  readonly read: () => Promise<R>;
  /** Up to where the rows had everything, of the slices that it is about, in the snapshot that was read. */
  readonly upTo: (read: R) => Position;
}

interface Asked {
  readonly token: Token | undefined;
  readonly consistency: "eventual" | "strong";
}

/**
 * Has a query wait until a read model knows what its answer must tell, and read then. What this process knows to be written a crash
 * of the database may have taken back since, and other processes commit, too: so what was read says itself how far it goes, and
 * is read again where that is not far enough. Deadlines are in the clock's milliseconds. Throws
 * `read_model_behind` where the read model does not get there in time, and before anybody waits `malformed_token` for what is no
 * token of the programme, by its id, and `token_beyond_log` for what the log does not reach.
 */
export class Reach {
  readonly #tools: ReachTools;
  /** Where the log ended when the first list was asked for. */
  #begunAt: Position | undefined;

  constructor(tools: ReachTools) {
    this.#tools = tools;
  }

  /** What is read of one slice, with the caller's own write in it, of whose answer the token is. */
  async ownWrite<R>(
    programme: string,
    token: Token | undefined,
    deadline: number,
    { slice, ...reading }: Reading<R> & { readonly slice: number },
  ): Promise<R> {
    const places = this.#placesOf(programme, token);
    await this.#assertLogged(places.filter((place) => !this.#tools.projector.hasReached(place)));
    await this.#reachAll(places, deadline);
    return await this.#readOf(
      places.filter((place) => place.slice === slice),
      deadline,
      reading,
    );
  }

  /** What is read by somebody who counts all slices up to one position: of strong consistency, all that the log has. */
  async everywhere<R>(
    programme: string,
    { token, consistency }: Asked,
    deadline: number,
    reading: Reading<R>,
  ): Promise<R> {
    const places = this.#placesOf(programme, token);
    await this.#assertLogged(places);
    const positions = places.map(({ position }) => position);
    if (consistency === "strong") positions.push(await this.#tools.store.head());
    return await this.#readEverywhere(positions, deadline, reading);
  }

  /**
   * A list of all that there is, in a programme or, without one, in the installation. To be one it must have what the log had when
   * this process was first asked. A read model that is new to an old log is not taken for whole before it is, and one that stands
   * still later is as old as its `Cut` says.
   */
  async whole<R>(
    { programme, token, consistency }: Asked & { readonly programme: string | undefined },
    deadline: number,
    reading: Reading<R>,
  ): Promise<R> {
    const places = programme === undefined ? [] : this.#placesOf(programme, token);
    await this.#assertLogged(places);
    this.#begunAt ??= await this.#tools.store.head();
    const positions = [this.#begunAt, ...places.map(({ position }) => position)];
    if (consistency === "strong") positions.push(await this.#tools.store.head());
    return await this.#readEverywhere(positions, deadline, reading);
  }

  /** Nothing: who asks takes the events from the log itself. The token is looked at all the same. */
  async nothing(programme: string, token: Token | undefined): Promise<void> {
    await this.#assertLogged(this.#placesOf(programme, token));
  }

  async #readEverywhere<R>(
    positions: readonly Position[],
    deadline: number,
    reading: Reading<R>,
  ): Promise<R> {
    const position = positions.toSorted().at(-1);
    const slices = position === undefined ? 0 : SLICES;
    const places = Array.from({ length: slices }, (_, slice) => ({ slice, position: position as Position }));
    await this.#reachAll(places, deadline);
    return await this.#readOf(places, deadline, reading);
  }

  async #readOf<R>(places: readonly Place[], deadline: number, { read, upTo }: Reading<R>): Promise<R> {
    for (;;) {
      const found = await read();
      const lacking = places.filter(({ position }) => position > upTo(found));
      if (lacking.length === 0) return found;
      await this.#wait(lacking, deadline, (place, ms) => this.#tools.projector.waitInTables(place, ms));
    }
  }

  #placesOf(programme: string, token: Token | undefined): readonly Place[] {
    if (token === undefined) return [];
    if (this.#tools.tokens.isOurs(programme, token)) return token.places;
    throw new ApiError("malformed_token", {
      detail: "query /token: is no token of a present answer of this programme",
    });
  }

  /** Places of a log that was restored since, or of one that is not this: nobody need wait for them. */
  async #assertLogged(places: readonly Place[]): Promise<void> {
    if (places.length === 0) return;
    const head = await this.#tools.store.head();
    const beyond = places.find(({ position }) => position > head);
    if (beyond === undefined) return;
    throw new ApiError("token_beyond_log", {
      detail: `the token is of position ${beyond.position}, but the log ends at ${head || "its start"}`,
    });
  }

  async #reachAll(places: readonly Place[], deadline: number): Promise<void> {
    const { projector } = this.#tools;
    const unreached = places.filter((place) => !projector.hasReached(place));
    await this.#wait(unreached, deadline, (place, ms) => projector.waitFor(place, ms));
  }

  async #wait(
    places: readonly Place[],
    deadline: number,
    reached: (place: Place, timeoutMs: number) => Promise<boolean>,
  ): Promise<void> {
    const { clock, projector } = this.#tools;
    const timeoutMs = Math.max(0, Math.min(MAX_WAIT_MS, deadline - clock.now() - RESERVE_MS));
    await Promise.all(
      places.map(async (place) => {
        if (await reached(place, timeoutMs)) return;
        const reason = projector.status().stopped.get(place.slice);
        throw new ApiError("read_model_behind", {
          detail:
            `the read model has not reached position ${place.position} of slice ${place.slice} yet` +
            (reason === undefined ? "" : `: ${reason}`),
        });
      }),
    );
  }
}
