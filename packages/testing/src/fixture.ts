import { expect } from "vitest";
import type { Api } from "./api.ts";
import { type Service, startService } from "./commands-service.ts";
import type { ProgramOptions } from "./program.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

/** The commands service on a store of its own. */
export interface Fixture {
  readonly testStore: TestStore;
  readonly service: Service;
  /** A caller who may do everything. */
  readonly api: Api;
  /** Another instance of the service on the same store; closed with the fixture. */
  another(options?: ProgramOptions): Promise<Service>;
  /** Rejects if the service had anything else to complain of. */
  close(complaints?: readonly unknown[]): Promise<void>;
}

export async function openFixture(options: ProgramOptions = {}): Promise<Fixture> {
  await using undo = new AsyncDisposableStack();
  const testStore = undo.use(await openTestStore());
  const start = (more: ProgramOptions = {}) => startService(testStore, { ...options, ...more });
  const service = undo.use(await start());
  const opened = undo.move();
  return {
    testStore,
    service,
    api: service.api(),
    another: async (more) => opened.use(await start(more)),
    async close(complaints = []) {
      await opened.disposeAsync();
      expect(service.complaints).toEqual(complaints);
    },
  };
}
