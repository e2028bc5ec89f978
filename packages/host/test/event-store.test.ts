import { START } from "@taem/event-store";
import type { Database } from "@taem/postgres";
import { createMetrics } from "@taem/runtime";
import { collectingLogger } from "@taem/testing/collecting-logger";
import { ERRORS } from "@taem/testing/eventstoredb/faults";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { expect, test, vi } from "vitest";
import { readConfig } from "../src/config.ts";
import { openStore } from "../src/event-store.ts";

test("a subscription that EventStoreDB ends for being slow is counted and told in one line, and nobody is warned", async () => {
  await using server = await TestServer.start();
  const { logger, lines, complaints } = collectingLogger();
  const metrics = createMetrics();
  const config = readConfig({ EVENTSTORE_URL: server.url, DATABASE_URL: "postgres://localhost/none" });
  const store = await openStore(config, {} as Database, { logger, metrics });
  const done = new AbortController();
  const page = store.follow(START, { limit: 10, signal: done.signal })[Symbol.asyncIterator]().next();
  await vi.waitFor(() => expect(server.openSubscriptions).toBe(1));
  server.endSubscriptions(ERRORS.tooSlow);
  await vi.waitFor(() => expect(server.openSubscriptions).toBe(1));
  done.abort();
  await page;
  await store.close();
  expect(lines).toEqual([expect.stringContaining("fell behind")]);
  expect(complaints).toEqual([]);
  expect(await metrics.exposition()).toContain("taem_event_store_fell_behind_total 1");
});
