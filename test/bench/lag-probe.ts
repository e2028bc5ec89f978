import { type Client, createClient } from "@taem/client";
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

const EVERY_MS = 50;
/** Enough for all slices. */
const MEMBERS = 256;
const PATIENCE_MS = 600_000;
const BEHIND = 503;

/**
 * Measures projection lag as a caller sees it: from the answer to a command to the answer of a balance query that was
 * given the command's token, so that it waits until the ledger's tables show the command. A probe begins every 50 ms,
 * whether or not those before have ended: a stall counts in every probe that it delays.
 */
export class LagProbe implements AsyncDisposable {
  readonly #client: Client;
  readonly #url: string;
  readonly #token: string;
  readonly #lags: number[] = [];
  readonly #probes: Promise<void>[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #stopping = new AbortController();

  private constructor(url: string, token: string) {
    this.#client = createClient({ url, key: token });
    this.#url = url;
    this.#token = token;
    this.#timer = setInterval(() => this.#begin(), EVERY_MS);
  }

  static async start(installation: Installation, server: ServerProcess): Promise<LagProbe> {
    const members = Array.from({ length: MEMBERS }, (_, no) => ({
      op: "enrol" as const,
      externalId: `P${no}`,
    }));
    await installation.send(server, members);
    return new LagProbe(urlOf(server), installation.token);
  }

  /** Waits for the probes under way; rejects if one failed. */
  async finish(): Promise<Lag> {
    clearInterval(this.#timer);
    await Promise.all(this.#probes);
    const lags = this.#lags.sort((a, b) => a - b);
    const quantile = (q: number) => lags[Math.max(0, Math.ceil(lags.length * q) - 1)] as number;
    return { samples: lags.length, p50: quantile(0.5), p99: quantile(0.99), longest: quantile(1) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#client.close();
  }

  #begin(): void {
    const probe = this.#probe(this.#probes.length);
    // Seen when the probes are waited for.
    probe.catch(() => undefined);
    this.#probes.push(probe);
  }

  async #probe(no: number): Promise<void> {
    const member = `ext:P${no % MEMBERS}`;
    const { token } = await this.#client.call("POST /v1/programmes/{programme}/members/{member}/earn", {
      params: { programme: PROGRAMME, member },
      body: { currency: POINT, points: "1", source: { system: "bench", id: `probe-${no}` } },
    });
    const answeredAt = performance.now();
    await this.#untilShown(member, token, answeredAt + PATIENCE_MS);
    this.#lags.push(performance.now() - answeredAt);
  }

  /** The query waits for some seconds; then it is asked again. */
  async #untilShown(member: string, token: string, deadline: number): Promise<void> {
    const path = `/v1/programmes/${PROGRAMME}/members/${member}/balance?token=${encodeURIComponent(token)}`;
    const headers = { authorization: `Bearer ${this.#token}` };
    while (performance.now() < deadline) {
      const answer = await fetch(`${this.#url}${path}`, { headers, signal: this.#stopping.signal });
      const text = await answer.text();
      if (answer.ok) return;
      if (answer.status !== BEHIND) throw new Error(`unexpected answer: ${text}`);
    }
    throw new Error(`the ledger did not show ${token} within ten minutes`);
  }
}
