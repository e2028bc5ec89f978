import { CommandHandler } from "@taem/event-store";
import type { Platform } from "@taem/host";
import { Clients, type Keeping, People } from "@taem/principal";
import { newId, randomId } from "@taem/runtime";

/** The actor of what is done on the command line: whoever may start it holds the database. */
const OPERATOR = "operator (command-line)";
const PATIENCE_MS = 30_000;

/** Clients and people as the operator of the installation manages them, from the command line or at a start. */
export class OperatorClients implements AsyncDisposable {
  readonly clients: Clients;
  readonly people: People;
  readonly #handler: CommandHandler;
  readonly #now: () => number;

  constructor({ store, clock }: Pick<Platform, "store" | "clock">) {
    this.#now = () => clock.now();
    this.#handler = new CommandHandler({ store, newId: randomId, now: this.#now });
    this.clients = new Clients({ handler: this.#handler, now: this.#now });
    this.people = new People({ handler: this.#handler, store });
  }

  /** For one command. */
  asking(): Keeping {
    const deadline = this.#now() + PATIENCE_MS;
    return { actor: OPERATOR, correlation: newId(), deadline, programmes: null };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handler.close();
  }
}
