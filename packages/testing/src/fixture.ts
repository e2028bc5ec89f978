import { expect } from "vitest";
import type { Api } from "./api.ts";
import { type Service, type ServiceOptions, startService } from "./commands-service.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

/** The commands service on a store of its own. */
export interface Fixture {
  readonly testStore: TestStore;
  readonly service: Service;
  /** A caller who may do everything. */
  readonly api: Api;
  /** Another instance of the service on the same store; closed with the fixture. */
  another(options?: Partial<ServiceOptions>): Promise<Service>;
  /** Rejects if the service had anything else to complain of. */
  close(complaints?: readonly unknown[]): Promise<void>;
}

export async function openFixture(options: Partial<ServiceOptions> = {}): Promise<Fixture> {
  await using undo = new AsyncDisposableStack();
  const testStore = undo.use(await openTestStore());
  const open = async (more: Partial<ServiceOptions>) =>
    opened.use(await startService({ store: testStore.store, ...options, ...more }));
  const service = undo.use(await startService({ store: testStore.store, ...options }));
  const opened = undo.move();
  return {
    testStore,
    service,
    api: service.api(),
    another: (more = {}) => open(more),
    async close(complaints = []) {
      await opened.disposeAsync();
      expect(service.complaints).toEqual(complaints);
    },
  };
}
