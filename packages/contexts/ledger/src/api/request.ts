import type { EventStore } from "@taem/event-store";
import type { Place, Token, Tokens } from "@taem/http";
import { ApiError, type MemberRef } from "@taem/http";
import { SLICES } from "@taem/kernel";
import type { ProjectorView } from "@taem/processing";
import type { Currency, Programme } from "@taem/programme/definitions";
import type { Clock } from "@taem/runtime";
import type { Directory } from "../application/directory.ts";
import { LedgerError } from "../problems.ts";
import { isFolded, type Standing, type View } from "../queries/account-reader.ts";
import type { AccountRef } from "../queries/account-ref.ts";
import type { ViewQuery } from "./view.ts";

/** How long a query waits for the read model, in milliseconds. */
const MAX_WAIT_MS = 2_000;
/** What is parked waits for people. */
const PARKED_RETRY_S = 60;
/** Left for the answer itself. */
const RESERVE_MS = 250;

export interface RequestPlatform {
  readonly store: EventStore;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly projector: ProjectorView;
  readonly tokens: Tokens;
}

/** Finds out what a request is about, and waits for what it must see. */
export class Requests {
  readonly #platform: RequestPlatform;

  constructor(platform: RequestPlatform) {
    this.#platform = platform;
  }

  async programme(code: string): Promise<Programme> {
    return known(await this.#platform.directory.programme(code));
  }

  /** With what was proposed until now, through any instance. */
  async newestProgramme(code: string): Promise<Programme> {
    return known(await this.#platform.directory.newestProgramme(code));
  }

  /** The programme with all its currencies, one that was defined just now among them: what a report is about. */
  async wholeProgramme(code: string): Promise<Programme> {
    return this.#platform.directory.lookAgain(await this.programme(code));
  }

  async account(code: string, ref: MemberRef, currency: string | undefined): Promise<AccountRef> {
    const known = await this.programme(code);
    const isThere = currency === undefined ? known.currencies.size > 0 : known.currencies.has(currency);
    const programme = isThere ? known : await this.#platform.directory.lookAgain(known);
    const member = await this.#platform.directory.member(programme, ref);
    if (member === undefined) throw new LedgerError("member_unknown");
    return { programme, currency: theCurrency(programme, currency), member: member.id, slice: member.slice };
  }

  /** Waits for what a report must see: it counts all slices up to one position. */
  async reachForReport(
    programme: Programme,
    { token, consistency }: Pick<ViewQuery, "token" | "consistency">,
    deadline: number,
  ): Promise<void> {
    const places = this.#placesOf(programme, token);
    await this.#assertLogged(places);
    const positions = places.map(({ position }) => position);
    if (consistency === "strong") positions.push(await this.#platform.store.head());
    const position = positions.sort().at(-1);
    if (position !== undefined) await this.#reachEverywhere(position, deadline);
  }

  /** Waits until the read model has all that the log has now. */
  async reachHead(deadline: number): Promise<void> {
    await this.#reachEverywhere(await this.#platform.store.head(), deadline);
  }

  async #reachEverywhere(position: string, deadline: number): Promise<void> {
    const slices = Array.from({ length: SLICES }, (_, slice) => ({ slice, position }));
    await this.#reachAll(slices, deadline);
  }

  /**
   * Waits until the read model has the caller's own write. Refuses what is no token of the programme with `malformed_token`,
   * and at once with `token_beyond_log` what the log does not reach.
   */
  async #reachToken(programme: Programme, token: Token | undefined, deadline: number): Promise<void> {
    const places = this.#placesOf(programme, token);
    const unreached = places.filter((place) => !this.#platform.projector.hasReached(place));
    await this.#assertLogged(unreached);
    await this.#reachAll(unreached, deadline);
  }

  /** As above, of an account's view: one that takes the events themselves waits for nothing. */
  async reachOwn({ programme }: AccountRef, asked: ViewQuery, deadline: number): Promise<void> {
    if (!isFolded(asked)) await this.#reachToken(programme, asked.token, deadline);
    else await this.#assertLogged(this.#placesOf(programme, asked.token));
  }

  /** Refuses with `account_parked` where the caller's own write is among what the read model has stopped before. */
  assertFollowed({ token }: ViewQuery, { parked }: Standing): void {
    if (token === undefined || parked === undefined) return;
    const { slice, position: since } = parked;
    if (!token.places.some((place) => place.slice === slice && place.position >= since)) return;
    throw new LedgerError("account_parked", {
      detail: `the read model has not followed the account since position ${since}; consistency=strong answers`,
      retryAfter: PARKED_RETRY_S,
    });
  }

  #placesOf(programme: Programme, token: Token | undefined): readonly Place[] {
    if (token === undefined) return [];
    if (this.#platform.tokens.isOurs(programme.id, token)) return token.places;
    throw new ApiError("malformed_token", {
      detail: "query /token: is no token of a present answer of this programme",
    });
  }

  /** Places of a log that was restored since, or of one that is not this: nobody need wait for them. */
  async #assertLogged(places: readonly Place[]): Promise<void> {
    if (places.length === 0) return;
    const head = await this.#platform.store.head();
    const beyond = places.find(({ position }) => position > head);
    if (beyond === undefined) return;
    throw new ApiError("token_beyond_log", {
      detail: `the token is of position ${beyond.position}, but the log ends at ${head || "its start"}`,
    });
  }

  async #reachAll(places: readonly Place[], deadline: number): Promise<void> {
    await Promise.all(places.map((place) => this.#reach(place, deadline)));
  }

  /** Throws `read_model_behind` when the read model does not get there in time. */
  async #reach(place: Place, deadline: number): Promise<void> {
    const left = deadline - this.#platform.clock.now() - RESERVE_MS;
    const timeoutMs = Math.max(0, Math.min(MAX_WAIT_MS, left));
    if (await this.#platform.projector.waitFor(place, timeoutMs)) return;
    const reason = this.#platform.projector.status().stopped.get(place.slice);
    throw new ApiError("read_model_behind", {
      detail:
        `the read model has not reached position ${place.position} of slice ${place.slice} yet` +
        (reason === undefined ? "" : `: ${reason}`),
    });
  }
}

function known(programme: Programme | undefined): Programme {
  if (programme === undefined) throw new ApiError("programme_unknown");
  return programme;
}

export function viewOf({ asOf, knownAt, consistency: wanted }: ViewQuery): View {
  return { asOf, knownAt, consistency: wanted };
}

/** The currency asked for; a programme with a single one needs no asking. */
export function theCurrency(programme: Programme, code: string | undefined): Currency {
  const currencies = [...programme.currencies.values()];
  const found = code === undefined ? currencies[0] : programme.currencies.get(code);
  if (code === undefined && currencies.length > 1) {
    throw new ApiError("missing_field", {
      detail: `query /currency: the programme has ${currencies.map((currency) => currency.code).join(", ")}`,
    });
  }
  if (found === undefined) throw new LedgerError("currency_unknown");
  return found;
}

/** The currencies a report is about, in the order of their codes. */
export function currenciesOf(programme: Programme, code: string | undefined): Currency[] {
  if (code !== undefined) return [theCurrency(programme, code)];
  return [...programme.currencies.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}
