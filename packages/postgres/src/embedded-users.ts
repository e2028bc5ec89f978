import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "./embedded-process.ts";

/**
 * Who uses the server of a data directory: a file each, so that nobody writes what another does. The last one to leave
 * stops the server; one that was killed is found dead by those who look.
 */
export class EmbeddedUsers {
  readonly #folder: string;
  readonly #self: string;

  constructor(dataDir: string, token: string) {
    this.#folder = join(dataDir, "users");
    this.#self = `${process.pid}.${token}`;
  }

  async enter(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await writeFile(join(this.#folder, this.#self), "");
  }

  /** Enters again where somebody who found the server gone has forgotten everybody. */
  async stay(): Promise<void> {
    if (!existsSync(join(this.#folder, this.#self))) await this.enter();
  }

  async leave(): Promise<void> {
    await rm(join(this.#folder, this.#self), { force: true });
  }

  /** Forgets everybody else: nobody uses a server that does not run, whatever number a dead process had lives again. */
  async clear(): Promise<void> {
    for (const user of await this.#others()) await rm(join(this.#folder, user), { force: true });
  }

  /** Whether another one lives. */
  async hasOthers(): Promise<boolean> {
    const alive = await Promise.all((await this.#others()).map((user) => isAlive(Number.parseInt(user, 10))));
    return alive.includes(true);
  }

  async #others(): Promise<string[]> {
    const users = await readdir(this.#folder).catch(() => []);
    return users.filter((user) => user !== this.#self);
  }
}
