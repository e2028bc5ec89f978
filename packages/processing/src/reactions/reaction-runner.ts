import type { DomainEvent } from "@taem/schema";
import type { QueueWorker } from "../queue/queue-worker.ts";
import { createOutboxSender, type OutboxSenderOptions } from "./outbox-sender.ts";
import type { Reactor } from "./reactor.ts";
import { TimerSender } from "./timer-sender.ts";

export interface ReactionRunnerOptions<C extends DomainEvent> extends OutboxSenderOptions<C> {
  readonly reactor: Pick<Reactor<DomainEvent, C>, "name" | "commands">;
  /** The present by a scope's clock, in milliseconds since the epoch; that of the servers, whatever the scope, unless told. */
  readonly now?: (scope: string) => Promise<number>;
}

/** What carries out what comes of events. The reactor's projector runs beside it, in this process or another. */
export interface ReactionRunner {
  /** Begins with what is there. The queues have to be there (`migrateQueues`), and the reactor's tables. */
  start(): void;
  /** Ends after what is under way. */
  stop(): Promise<void>;
}

/** Sends a reactor's timers when they are due, and delivers its commands. Any number may run. */
export function createReactionRunner<C extends DomainEvent>(
  options: ReactionRunnerOptions<C>,
): ReactionRunner {
  const { now = async () => options.clock.now(), ...platform } = options;
  const sender: QueueWorker = createOutboxSender(platform);
  const timers = new TimerSender({ ...platform, now, onSent: () => sender.hurry() });
  return {
    start() {
      timers.start();
      sender.start();
    },
    async stop() {
      await Promise.all([timers.stop(), sender.stop()]);
    },
  };
}
