import type { EventStore } from "@taem/event-store";
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

/**
 * Has a query wait until a read model knows what its answer must tell. Deadlines are in the clock's milliseconds. Throws
 * `read_model_behind` where the read model does not get there in time, and before anybody waits `malformed_token` for what is no
 * token of the programme, by its id, and `token_beyond_log` for what the log does not reach.
 */
export class Reach {
  readonly #tools: ReachTools;
  /** Where the log ended when the first list was asked for. */
  #begunAt: string | undefined;
  #isWhole = false;

  constructor(tools: ReachTools) {
    this.#tools = tools;
  }

  /** The caller's own write, of whose answer the token is. */
  async ownWrite(programme: string, token: Token | undefined, deadline: number): Promise<void> {
    const unreached = this.#placesOf(programme, token).filter(
      (place) => !this.#tools.projector.hasReached(place),
    );
    await this.#assertLogged(unreached);
    await this.#reachAll(unreached, deadline);
  }

  /** What somebody must see who counts all slices up to one position: of strong consistency, all that the log has. */
  async everywhere(
    programme: string,
    {
      token,
      consistency,
    }: { readonly token: Token | undefined; readonly consistency: "eventual" | "strong" },
    deadline: number,
  ): Promise<void> {
    const places = this.#placesOf(programme, token);
    await this.#assertLogged(places);
    const positions = places.map(({ position }) => position);
    if (consistency === "strong") positions.push(await this.#tools.store.head());
    const position = positions.sort().at(-1);
    if (position !== undefined) await this.#reachEverywhere(position, deadline);
  }

  /**
   * What a list of all that there is must have to be one: what the log had when this process was first asked. A read model that
   * is new to an old log is not taken for whole before it is, and one that stands still later is as old as its `Cut` says.
   */
  async whole(deadline: number): Promise<void> {
    if (this.#isWhole) return;
    this.#begunAt ??= await this.#tools.store.head();
    await this.#reachEverywhere(this.#begunAt, deadline);
    this.#isWhole = true;
  }

  /** All that the log has now. */
  async head(deadline: number): Promise<void> {
    await this.#reachEverywhere(await this.#tools.store.head(), deadline);
  }

  /** Nothing: who asks takes the events from the log itself. The token is looked at all the same. */
  async nothing(programme: string, token: Token | undefined): Promise<void> {
    await this.#assertLogged(this.#placesOf(programme, token));
  }

  async #reachEverywhere(position: string, deadline: number): Promise<void> {
    const slices = Array.from({ length: SLICES }, (_, slice) => ({ slice, position }));
    await this.#reachAll(slices, deadline);
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
    await Promise.all(places.map((place) => this.#reach(place, deadline)));
  }

  async #reach(place: Place, deadline: number): Promise<void> {
    const { clock, projector } = this.#tools;
    const left = deadline - clock.now() - RESERVE_MS;
    const timeoutMs = Math.max(0, Math.min(MAX_WAIT_MS, left));
    if (await projector.waitFor(place, timeoutMs)) return;
    const reason = projector.status().stopped.get(place.slice);
    throw new ApiError("read_model_behind", {
      detail:
        `the read model has not reached position ${place.position} of slice ${place.slice} yet` +
        (reason === undefined ? "" : `: ${reason}`),
    });
  }
}
