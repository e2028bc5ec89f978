import { type Client, createClient, isRefusal, type ProgrammeAnswer } from "@taem/client";
import { type Platform, permissionsOf } from "@taem/host";
import { endOfSimulation, runSimulation, simulate } from "@taem/simulation";
import { OperatorClients } from "./operator-clients.ts";

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
    if (isRefusal(error, "programme_unknown")) return undefined;
    throw error;
  });
}

/** Clients that a start uses itself, each always the same one: what it had begun it finds again. */
const OWN_CLIENTS = {
  "demo clerk": "00000000000000c1",
  "demo supervisor": "00000000000000c2",
  "demo report": "00000000000000c3",
} as const;

/** One of them with an API key that ends with it; one that a killed process left behind ends first. */
export class TemporaryClient implements AsyncDisposable {
  readonly api: Client;
  readonly #end: () => Promise<void>;

  private constructor(url: string, token: string, end: () => Promise<void>) {
    this.api = createClient({ url, key: token });
    this.#end = end;
  }

  static async open(
    platform: Pick<Platform, "contexts" | "store" | "clock">,
    url: string,
    name: keyof typeof OWN_CLIENTS,
  ): Promise<TemporaryClient> {
    await using undo = new AsyncDisposableStack();
    const operator = undo.use(new OperatorClients(platform));
    const { clients } = operator;
    const id = OWN_CLIENTS[name];
    const known = await clients.find(id, operator.asking());
    for (const { no, isRevoked } of known?.keys.values() ?? [])
      if (!isRevoked) await clients.revokeKey({ client: id, no }, operator.asking());
    const permissions = permissionsOf(platform.contexts).names;
    const rights = { name, programme: null, permissions, systems: ["*"] };
    const { key, token } =
      known === undefined
        ? await clients.create(rights, operator.asking(), {}, id)
        : await clients.createKey(id, operator.asking());
    undo.defer(async () => {
      await clients.revokeKey(key, operator.asking());
    });
    const running = undo.move();
    return new TemporaryClient(url, token, () => running.disposeAsync());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api.close();
    await this.#end();
  }
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
