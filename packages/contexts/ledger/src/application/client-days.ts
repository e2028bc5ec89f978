import { setTimeout as delay } from "node:timers/promises";
import { localDate, principalOf } from "@taem/kernel";
import { complain } from "@taem/processing";
import { type Currency, type Programme, zoneAt } from "@taem/programme/definitions";
import type { Clock, CounterMetric, Logger, Metrics } from "@taem/runtime";
import { LRUCache } from "lru-cache";
import { type Activity, NO_ACTIVITY, sumOfActivity } from "../domain/index.ts";

/** What the read model says of a client's day is asked again after this long. */
const FRESH_MS = 5_000;
/** A command waits so long for the first answer. */
const PATIENCE_MS = 1_000;
/** Clients that are remembered, one for each currency; who is forgotten is looked up again. */
const MAX_CLIENTS = 10_000;

const KINDS: readonly (keyof Activity)[] = ["earned", "adjusted"];

/** What a principal is known to have done on a local day of the server's time, in a currency of a programme, by its id. */
export type ActivityOn = (
  programme: string,
  currency: string,
  principal: string,
  date: string,
) => Promise<Activity>;

interface Tools {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly activityOn: ActivityOn;
}

/**
 * What each client has done on the local day of the server's time, so that a stolen key or a faulty till is stopped at
 * the ceilings of its currency: what the read model knew when this process first looked and what the process has done
 * since, or what the read model knows by now, whichever is more. It is no exact budget: another instance may pass it once,
 * by what this one has done a moment ago.
 */
export class ClientDays {
  readonly #tools: Tools;
  readonly #clients = new LRUCache<string, Client>({ max: MAX_CLIENTS });
  readonly #reached: CounterMetric<"kind">;

  constructor(tools: Tools & { readonly metrics: Metrics }) {
    this.#tools = tools;
    this.#reached = tools.metrics.counter({
      name: "taem_ceiling_reached_total",
      help: "Commands that were refused, or wait for a second principal, by what their client had done on the day.",
      labels: ["kind"],
    });
    for (const kind of KINDS) this.#reached.add({ kind }, 0);
  }

  /** Opens a command's share in its client's day. Waits where what is known of the client is not fresh. */
  async open(programme: Programme, currency: Currency, actor: string): Promise<Share> {
    const name = { programme: programme.id, currency: currency.code, client: principalOf(actor) };
    const id = `${name.programme} ${name.currency} ${name.client}`;
    let client = this.#clients.get(id);
    if (client === undefined) {
      client = new Client(name, this.#tools);
      this.#clients.set(id, client);
    }
    const dateIn = (newer: Programme) => {
      const now = this.#tools.clock.now();
      return localDate(zoneAt(newer, now), now);
    };
    await client.fresh(dateIn(programme));
    return new Share(client, dateIn);
  }

  /** Closes a share, which counts where its command was carried out. */
  close(share: Share, isDone: boolean): void {
    if (!isDone) share.release();
    const { beyond: kind, client } = share;
    if (kind === undefined) return;
    this.#reached.add({ kind });
    if (client.tellsOf(kind))
      this.#tools.logger.error({ ...client.name, kind }, "a client's ceiling is reached");
  }
}

/** One command's share in its client's day, from its decision to its end. */
export class Share {
  readonly client: Client;
  /** Of what the command would be more than the client may do. */
  beyond: keyof Activity | undefined;
  readonly #dateIn: (programme: Programme) => string;
  #day: Day | undefined;
  #taken = NO_ACTIVITY;

  constructor(client: Client, dateIn: (programme: Programme) => string) {
    this.client = client;
    this.#dateIn = dateIn;
  }

  /** What the client has done today beside this command, with what is under way. */
  others(programme: Programme): Activity {
    this.release();
    this.#day = this.client.day(this.#dateIn(programme));
    return this.#day.done();
  }

  /** The command does so much, unless it is released. */
  take(activity: Activity): void {
    this.release();
    this.#taken = activity;
    this.#day?.add(activity);
  }

  /** The command does nothing. */
  release(): void {
    const { earned, adjusted } = this.#taken;
    this.#day?.add({ earned: -earned, adjusted: -adjusted });
    this.#taken = NO_ACTIVITY;
  }
}

interface ClientName {
  readonly programme: string;
  readonly currency: string;
  readonly client: string;
}

class Client {
  readonly name: ClientName;
  readonly #tools: Tools;
  #day: Day | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #waiting: Promise<void> | undefined;

  constructor(name: ClientName, tools: Tools) {
    this.name = name;
    this.#tools = tools;
  }

  /** Ends when what is known of the day is fresh, or the read model takes too long to say; undefined where it is. */
  fresh(date: string): Promise<void> | undefined {
    const isOfDay = this.#day !== undefined && date <= this.#day.date;
    // However the clock was set meanwhile.
    if (isOfDay && Math.abs(this.#tools.clock.now() - this.#lookedAt) <= FRESH_MS) return undefined;
    this.#waiting ??= this.#wait(date);
    return this.#waiting;
  }

  /**
   * The day of a date: a new one begins with nothing done on it. A programme whose zone is changed to and fro does not
   * come back to a day that is new again.
   */
  day(date: string): Day {
    if (this.#day === undefined || date > this.#day.date) this.#day = new Day(date, NO_ACTIVITY);
    return this.#day;
  }

  /** Whether to tell that a ceiling is reached: once a day, not with each command. */
  tellsOf(kind: keyof Activity): boolean {
    if (this.#day === undefined || this.#day.reported.has(kind)) return false;
    this.#day.reported.add(kind);
    return true;
  }

  /** A read model that keeps silent is waited for once in a while, not by each command. */
  async #wait(date: string): Promise<void> {
    this.#looking ??= this.#ask(date).finally(() => {
      this.#looking = undefined;
    });
    await Promise.race([this.#looking, delay(PATIENCE_MS, undefined, { ref: false })]);
    this.#lookedAt = this.#tools.clock.now();
    this.#waiting = undefined;
  }

  /** Asks the read model. Where it does not answer, this process counts by itself. */
  async #ask(date: string): Promise<void> {
    const { programme, currency, client } = this.name;
    try {
      const known = await this.#tools.activityOn(programme, currency, client, date);
      if (this.#day === undefined || date > this.#day.date) this.#day = new Day(date, known);
      else if (this.#day.date === date) this.#day.known = known;
    } catch (err) {
      const message = "what a client has done today cannot be read: this process counts by itself";
      complain(this.#tools.logger, err, message, { ...this.name });
    }
  }
}

class Day {
  readonly date: string;
  readonly reported = new Set<keyof Activity>();
  /** What the read model knew last. */
  known: Activity;
  /** What it knew first, and what this process has done since. */
  #counted: Activity;

  constructor(date: string, known: Activity) {
    this.date = date;
    this.known = known;
    this.#counted = known;
  }

  add(activity: Activity): void {
    this.#counted = sumOfActivity(this.#counted, activity);
  }

  done(): Activity {
    return {
      earned: larger(this.#counted.earned, this.known.earned),
      adjusted: larger(this.#counted.adjusted, this.known.adjusted),
    };
  }
}

function larger(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
