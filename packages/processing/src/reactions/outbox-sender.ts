import { type DomainEvent, decodeProvenance, type Provenance, UnknownEventVersion } from "@taem/schema";
import type { Message } from "../queue/message.ts";
import { later, type Outcome, park } from "../queue/outcome.ts";
import { QueueWorker } from "../queue/queue-worker.ts";
import type { DeliveryContext, QueueWorkerOptions } from "../queue/worker-options.ts";
import type { Reactor } from "./reactor.ts";

/** A command as its handler gets it. */
export interface SentCommand<C extends DomainEvent> extends DeliveryContext {
  readonly command: C;
  /** Business key: the handler sees to it that what was done under it is not done again. */
  readonly key: string;
  /** For the events that come of it: they carry on the correlation and how deep reactions have led to it. */
  readonly provenance: Provenance;
  /** Deliveries before this one. */
  readonly attempts: number;
}

export interface OutboxSenderOptions<C extends DomainEvent>
  extends Omit<QueueWorkerOptions, "table" | "queue" | "deliver"> {
  readonly reactor: Pick<Reactor<DomainEvent, C>, "name" | "commands">;
  /** Carries a command out. See `QueueWorkerOptions`. */
  readonly deliver: (sent: SentCommand<C>) => Promise<Outcome>;
}

/** Delivers the commands of a reactor's outbox. */
export function createOutboxSender<C extends DomainEvent>(options: OutboxSenderOptions<C>): QueueWorker {
  const { reactor, deliver, ...platform } = options;
  return new QueueWorker({
    ...platform,
    table: "outbox",
    queue: reactor.name,
    async deliver(message, context) {
      const command = decoded(reactor.commands, message);
      if (!("command" in command)) return command;
      const { key, attempts, meta } = message;
      return await deliver({ ...context, ...command, key, provenance: decodeProvenance(meta), attempts });
    },
  });
}

/** The command of a message. One of a version to come waits for the upgrade; what cannot be read never will be. */
function decoded<C extends DomainEvent>(
  commands: Reactor<DomainEvent, C>["commands"],
  { type, body, meta }: Message,
): { readonly command: C } | Outcome {
  try {
    return { command: commands.decode({ type, data: body, meta }) };
  } catch (error) {
    const { message } = error as Error;
    return error instanceof UnknownEventVersion || !commands.has(type) ? later(message) : park(message);
  }
}
