import { setTimeout as delay } from "node:timers/promises";
import { type Client, createClient } from "@taem/client";
import { type Place, parseToken } from "@taem/http";
import type { Database } from "@taem/postgres";
import { loadCheckpoints } from "@taem/processing";
import { POINT } from "@taem/simulation";
import { type Installation, urlOf } from "./installation.ts";
import type { ServerProcess } from "./processes.ts";
import { PROGRAMME } from "./requests.ts";

/** Milliseconds. */
export interface Lag {
  readonly samples: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

interface Probe {
  readonly place: Place;
  readonly answeredAt: number;
}

const SEND_MS = 50;
const LOOK_MS = 20;
/** Enough for all slices. */
const MEMBERS = 256;

/**
 * Measures projection lag: the time from the answer to a command until the ledger's tables show it. A command is sent
 * every 50 ms, whether or not those before are shown, so that a stall counts in every command that it delays. Looks into
 * the checkpoints, every 20 ms, instead of asking the API with the command's token: the projector hurries for one
 * who waits, and would be another than the one to be measured.
 */
export class LagProbe implements AsyncDisposable {
  readonly #client: Client;
  readonly #database: Database;
  readonly #lags: number[] = [];
  readonly #sent: Promise<void>[] = [];
  readonly #timer: NodeJS.Timeout;
  #waiting: Probe[] = [];
  #isOver = false;
  readonly #looking: Promise<void>;

  private constructor(url: string, key: string, database: Database) {
    this.#client = createClient({ url, key });
    this.#database = database;
    this.#timer = setInterval(() => this.#begin(), SEND_MS);
    this.#looking = this.#look();
    // A failure is seen when the probe finishes.
    this.#looking.catch(() => undefined);
  }

  static async start(installation: Installation, server: ServerProcess): Promise<LagProbe> {
    const members = Array.from({ length: MEMBERS }, (_, no) => ({
      op: "enrol" as const,
      externalId: `P${no}`,
    }));
    await installation.send(server, members);
    return new LagProbe(urlOf(server), installation.token, installation.database);
  }

  /** Sends no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Stops and waits until everything is shown; rejects if something failed. */
  async finish(): Promise<Lag> {
    this.stop();
    await Promise.all(this.#sent);
    this.#isOver = true;
    await this.#looking;
    const lags = this.#lags.sort((a, b) => a - b);
    const quantile = (q: number) => lags[Math.max(0, Math.ceil(lags.length * q) - 1)] as number;
    return { samples: lags.length, p50: quantile(0.5), p99: quantile(0.99), longest: quantile(1) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    this.#isOver = true;
    this.#waiting = [];
    await this.#client.close();
    await this.#looking.catch(() => undefined);
  }

  #begin(): void {
    const sent = this.#send(this.#sent.length);
    sent.catch(() => undefined);
    this.#sent.push(sent);
  }

  async #send(no: number): Promise<void> {
    const answer = await this.#client.call("POST /v1/programmes/{programme}/members/{member}/earn", {
      params: { programme: PROGRAMME, member: `ext:P${no % MEMBERS}` },
      body: { currency: POINT, points: "1", source: { system: "bench", id: `probe-${no}` } },
    });
    const place = parseToken(answer.token)?.places[0] as Place;
    this.#waiting.push({ place, answeredAt: performance.now() });
  }

  async #look(): Promise<void> {
    while (!this.#isOver || this.#waiting.length > 0) {
      const checkpoints = await loadCheckpoints(this.#database, "taem_ledger");
      const now = performance.now();
      this.#waiting = this.#waiting.filter(({ place, answeredAt }) => {
        const isShown = (checkpoints.get(place.slice) ?? "") >= place.position;
        // It may be shown before its answer has arrived.
        if (isShown) this.#lags.push(Math.max(0, now - answeredAt));
        return !isShown;
      });
      await delay(LOOK_MS);
    }
  }
}
