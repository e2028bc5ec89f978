import { Reach, type ReachTools, type Reading } from "@taem/host";
import { ApiError, type MemberRef } from "@taem/http";
import type { Currency, Programme } from "@taem/programme/definitions";
import type { Directory } from "../application/directory.ts";
import { LedgerError } from "../problems.ts";
import { type Basis, isFolded, type View } from "../queries/account-reader.ts";
import type { AccountRef } from "../queries/account-ref.ts";
import type { ViewQuery } from "./view.ts";

/** What is parked waits for people. */
const PARKED_RETRY_S = 60;

export interface RequestPlatform extends ReachTools {
  readonly directory: Directory;
}

/** Finds out what a request is about, and waits for what it must see. */
export class Requests {
  readonly reach: Reach;
  readonly #directory: Directory;

  constructor(platform: RequestPlatform) {
    this.reach = new Reach(platform);
    this.#directory = platform.directory;
  }

  async programme(code: string): Promise<Programme> {
    return known(await this.#directory.programme(code));
  }

  /** With what was proposed until now, through any instance. */
  async newestProgramme(code: string): Promise<Programme> {
    return known(await this.#directory.newestProgramme(code));
  }

  /** The programme with all its currencies, one that was defined just now among them: what a report is about. */
  async wholeProgramme(code: string): Promise<Programme> {
    return this.#directory.lookAgain(await this.programme(code));
  }

  async account(code: string, ref: MemberRef, currency: string | undefined): Promise<AccountRef> {
    const known = await this.programme(code);
    const isThere = currency === undefined ? known.currencies.size > 0 : known.currencies.has(currency);
    const programme = isThere ? known : await this.#directory.lookAgain(known);
    const member = await this.#directory.member(programme, ref);
    if (member === undefined) throw new LedgerError("member_unknown");
    return { programme, currency: theCurrency(programme, currency), member: member.id, slice: member.slice };
  }

  /** Reads what an account's view must see, and waits for it: one that takes the events themselves waits for nothing. */
  async readOwn<R>(
    { programme, slice }: AccountRef,
    asked: ViewQuery,
    deadline: number,
    reading: Reading<R>,
  ): Promise<R> {
    if (!isFolded(asked))
      return await this.reach.ownWrite(programme.id, asked.token, deadline, { ...reading, slice });
    await this.reach.nothing(programme.id, asked.token);
    return await reading.read();
  }

  /** Refuses with `account_parked` where the caller's own write is among what the read model has stopped before. */
  assertFollowed({ token }: ViewQuery, { parked }: Basis): void {
    if (token === undefined || parked === undefined) return;
    const { slice, position: since } = parked;
    if (!token.places.some((place) => place.slice === slice && place.position >= since)) return;
    throw new LedgerError("account_parked", {
      detail: `the read model has not followed the account since position ${since}; consistency=strong answers`,
      retryAfter: PARKED_RETRY_S,
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
