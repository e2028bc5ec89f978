import { decodeProvenance, type Provenance } from "@taem/schema";
import type { Message } from "../queue/message.ts";
import type { Outcome } from "../queue/outcome.ts";
import { QueueWorker } from "../queue/queue-worker.ts";
import type { DeliveryContext, QueueWorkerOptions } from "../queue/worker-options.ts";

/** A message as its handler gets it. */
export interface InboxMessage extends DeliveryContext, Omit<Message, "meta" | "failures"> {
  readonly provenance: Provenance;
}

export interface InboxWorkerOptions extends Omit<QueueWorkerOptions, "table" | "queue" | "deliver"> {
  /** The inbox that is worked off. */
  readonly inbox: string;
  /** Works a message off. See `QueueWorkerOptions`. */
  readonly handle: (message: InboxMessage) => Promise<Outcome>;
}

/** Works an inbox off, in the order of each lane. */
export function createInboxWorker({ inbox, handle, ...platform }: InboxWorkerOptions): QueueWorker {
  return new QueueWorker({
    ...platform,
    table: "inbox",
    queue: inbox,
    async deliver({ meta, failures: _, ...message }, context) {
      return await handle({ ...context, ...message, provenance: decodeProvenance(meta) });
    },
  });
}
