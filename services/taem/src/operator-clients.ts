import { CommandHandler } from "@taem/event-store";
import type { Platform } from "@taem/host";
import { type Asking, Clients } from "@taem/principal";
import { newId, randomId } from "@taem/runtime";

/** The actor of what is done on the command line: whoever may start it holds the database. */
const OPERATOR = "operator (command-line)";
const PATIENCE_MS = 30_000;

/** Clients as the operator of the installation manages them, from the command line or at a start. */
export class OperatorClients implements AsyncDisposable {
  readonly clients: Clients;
  readonly #handler: CommandHandler;
  readonly #now: () => number;

  constructor({ store, clock }: Pick<Platform, "store" | "clock">) {
    this.#now = () => clock.now();
    this.#handler = new CommandHandler({ store, newId: randomId, now: this.#now });
    this.clients = new Clients({ handler: this.#handler, now: this.#now });
  }

  /** For one command. */
  asking(): Asking {
    return { actor: OPERATOR, correlation: newId(), deadline: this.#now() + PATIENCE_MS };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handler.close();
  }
}
