import { type Client, isRefusal, type ProgrammeAnswer } from "@taem/client";

/** The programme's business clock during an import: moved on to what is imported, never back. A live one is left alone. */
export class ReplayClock {
  readonly #client: Client;
  readonly #programme: string;
  #now: number;

  constructor(client: Client, programme: ProgrammeAnswer) {
    this.#client = client;
    this.#programme = programme.programme;
    this.#now = ReplayClock.at(programme);
  }

  /** Where a programme's clock stands, in milliseconds since the epoch; infinitely far if it is live. */
  static at({ clock }: ProgrammeAnswer): number {
    return clock.mode === "live" ? Number.POSITIVE_INFINITY : Date.parse(clock.at as string);
  }

  get now(): number {
    return this.#now;
  }

  /** Where the programme's business clock stands when this machine's says `machine`. */
  at(machine: number): number {
    return Number.isFinite(this.#now) ? this.#now : machine;
  }

  /** The later of this machine's time and a replay that has gone further. */
  latest(machine: number): number {
    return Number.isFinite(this.#now) ? Math.max(machine, this.#now) : machine;
  }

  async advance(to: number): Promise<void> {
    if (to <= this.#now) return;
    await this.#put({ mode: "replay", at: new Date(to).toISOString() });
  }

  async goLive(): Promise<void> {
    await this.#put({ mode: "live" });
  }

  async #put(
    body: { readonly mode: "live" } | { readonly mode: "replay"; readonly at: string },
  ): Promise<void> {
    const params = { programme: this.#programme };
    try {
      this.#now = ReplayClock.at(
        await this.#client.call("PUT /v1/programmes/{programme}/clock", { params, body }),
      );
    } catch (error) {
      // Somebody else moved it on in the meantime: as good.
      if (!isRefusal(error, "clock_backwards", "clock_live")) throw error;
      this.#now = ReplayClock.at(await this.#client.call("GET /v1/programmes/{programme}", { params }));
    }
  }
}
