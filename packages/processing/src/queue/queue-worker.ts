import { setTimeout as delay } from "node:timers/promises";
import { SLICES } from "@taem/kernel";
import type { Queryable } from "@taem/postgres";
import { claimSlices, dueMessages, type Settled, settle } from "./claim.ts";
import { Delivery } from "./delivery.ts";
import type { Message } from "./message.ts";
import { RestingLoop } from "./resting-loop.ts";
import { nameOfQueue } from "./schema.ts";
import { QueueUpkeep } from "./upkeep.ts";
import type { QueueWorkerOptions } from "./worker-options.ts";

const POLL_MS = 250;
/** No delivery begins later in a round: the round ends before the server gives its transaction up. */
const BEGIN_WITHIN_MS = 20_000;
/** Whoever else asks the same handler has room beside them. */
const LANES_AT_ONCE = 16;
/** Shorter than the silence after which the server takes a worker for dead. */
const HEARTBEAT_MS = 3_000;

/**
 * Works a queue off: locks some slices, delivers what is due in them, lane by lane, writes what became of it, over and
 * over. Several workers share a queue by slice; no message is under way twice, unless its worker was taken for dead.
 */
export class QueueWorker {
  readonly #options: QueueWorkerOptions;
  readonly #delivery: Delivery;
  readonly #loop: RestingLoop;
  readonly #upkeep: QueueUpkeep;
  /** The slice behind those of the last round: no slice waits for ever behind busy ones. */
  #from = 0;

  constructor(options: QueueWorkerOptions) {
    const { logger, pollMs = POLL_MS } = options;
    this.#options = options;
    this.#delivery = new Delivery(options);
    this.#upkeep = new QueueUpkeep(options);
    this.#loop = new RestingLoop(
      () => this.runOnce(),
      pollMs,
      logger.child({ queue: nameOfQueue(options) }),
      "a queue was not worked off; trying again",
    );
  }

  start(): void {
    this.#loop.start();
    this.#upkeep.start();
  }

  /** Ends after what is under way. */
  async stop(): Promise<void> {
    await Promise.all([this.#loop.stop(), this.#upkeep.stop()]);
  }

  /** Looks at once for what is due. */
  hurry(): void {
    this.#loop.hurry();
  }

  /** One round: some of what is due; how many messages were delivered. */
  async runOnce(): Promise<number> {
    const { database, table, queue, clock } = this.#options;
    const isOutbox = table === "outbox";
    // An outbox is delivered again where it was lost; what came in must be known to be done.
    const options = { brief: true, relaxed: isOutbox };
    return await database.transaction(async (transaction) => {
      const now = clock.now();
      const slices = await claimSlices(transaction, table, queue, now, this.#from);
      if (slices.length === 0) return 0;
      this.#from = ((slices.at(-1) as number) + 1) % SLICES;
      const messages = await dueMessages(transaction, table, queue, now, slices);
      const settled = await this.#deliverAll(transaction, messages);
      await settle(transaction, table, queue, settled, !isOutbox);
      return settled.length;
    }, options);
  }

  /** Some lanes side by side, messages of a lane one after the other; those that were not begun are left out. */
  async #deliverAll(transaction: Queryable, messages: readonly Message[]): Promise<Settled[]> {
    const beating = new AbortController();
    const heart = this.#beat(transaction, beating);
    const began = performance.now();
    const mayBegin = () =>
      !this.#loop.isStopping && !beating.signal.aborted && performance.now() - began < BEGIN_WITHIN_MS;
    try {
      const lanes = Map.groupBy(messages, ({ slice, lane }) => `${slice} ${lane}`).values();
      const settled: Settled[] = [];
      const deliverLanes = async () => {
        for (const lane of lanes) settled.push(...(await this.#deliverLane(lane, mayBegin)));
      };
      await Promise.all(Array.from({ length: LANES_AT_ONCE }, deliverLanes));
      return settled;
    } finally {
      beating.abort();
      await heart;
    }
  }

  async #deliverLane(lane: readonly Message[], mayBegin: () => boolean): Promise<Settled[]> {
    const settled: Settled[] = [];
    for (const message of lane) {
      if (!mayBegin()) break;
      const now = await this.#delivery.deliver(message);
      settled.push(now);
      if (now.state === "waiting" || now.state === "parked") break;
    }
    return settled;
  }

  /** A worker that is heard no more loses its locks, and begins nothing that another one may have by then. */
  async #beat(transaction: Queryable, beating: AbortController): Promise<void> {
    const { signal } = beating;
    for (;;) {
      await delay(HEARTBEAT_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await transaction.query("SELECT 1").catch(() => beating.abort());
    }
  }
}
