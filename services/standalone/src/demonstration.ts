import { type Client, ClientError, createClient, type ProgrammeAnswer } from "@taem/client";
import { createApiKey, SCOPES } from "@taem/http";
import { endOfSimulation, runSimulation, simulate } from "@taem/simulation";
import type { Platform } from "./platform.ts";

/** The programme that `--demo` plays: a year of a Thai retailer's loyalty programme, the same year every time. */
export const DEMO_PROGRAMME = "demo";

const SEED = 1;

export interface DemonstrationOptions {
  readonly platform: Platform;
  /** Where the API is served. */
  readonly url: string;
  readonly members: number;
  readonly onProgress: (line: string, isLast: boolean) => void;
  /** Breaks the year off, to be taken up at the next start. */
  readonly signal: AbortSignal;
}

/**
 * Plays the year through the API unless it has been played; whether it played. A run that was broken off is taken up
 * where it stands.
 */
export async function demonstrate(options: DemonstrationOptions): Promise<boolean> {
  const { platform, url, members, onProgress, signal } = options;
  await using clerk = await TemporaryClient.open(platform, url, "demo clerk");
  await using supervisor = await TemporaryClient.open(platform, url, "demo supervisor");
  const begun = await programmeOf(clerk.api);
  if (begun?.clock.mode === "live") return false;
  // A year that was broken off goes on as the same year, however much later that is.
  const endsAt = (begun && endOfSimulation(begun.name)) ?? platform.clock.now();
  const simulation = simulate({ endsAt, members, seed: SEED });
  const summary = await runSimulation({
    clerk: clerk.api,
    supervisor: supervisor.api,
    programme: DEMO_PROGRAMME,
    simulation,
    goesLive: true,
    signal,
    onProgress: ({ done, total, lines, linesPerSecond }) => {
      const speed = count(Math.round(linesPerSecond));
      onProgress(`playing day ${done} of ${total}: ${count(lines)} commands, ${speed}/s`, done === total);
    },
  });
  if (summary.unexpected > 0) {
    const [first] = summary.examples;
    throw new Error(`${summary.unexpected} answers were not as they should be, the first: ${first?.fault}`);
  }
  return true;
}

/** Its clock goes live with the last day. */
async function programmeOf(clerk: Client): Promise<ProgrammeAnswer | undefined> {
  const params = { programme: DEMO_PROGRAMME };
  return clerk.call("GET /v1/programmes/{programme}", { params }).catch((error: unknown) => {
    if (error instanceof ClientError && error.code === "programme_unknown") return undefined;
    throw error;
  });
}

/** A client with a key of its own that ends with it; one of the same name that a killed process left behind ends first. */
export class TemporaryClient implements AsyncDisposable {
  readonly api: Client;
  readonly #revoke: () => Promise<unknown>;

  private constructor(url: string, token: string, revoke: () => Promise<unknown>) {
    this.api = createClient({ url, key: token });
    this.#revoke = revoke;
  }

  static async open({ apiKeyStore }: Platform, url: string, name: string): Promise<TemporaryClient> {
    for (const key of await apiKeyStore.list()) {
      if (key.name === name && key.revokedAt === null) await apiKeyStore.revoke(key.keyId);
    }
    const { keyId, token } = await createApiKey(apiKeyStore, { name, programme: null, scopes: SCOPES });
    return new TemporaryClient(url, token, () => apiKeyStore.revoke(keyId));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api.close();
    await this.#revoke();
  }
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
