import { expect, test, vi } from "vitest";
import { type EventSource, storeLogSource } from "../src/index.ts";
import { Numbers, openInstallation } from "./support/installation.ts";
import { startProjector } from "./support/projecting.ts";

// Failures: a projection that stands still because it cannot read, or because nobody brings it anything, and nothing says so.

const SLICE = 5;

test("a projector that cannot read says for how long and why, and after half a minute that it is not ready", async () => {
  await using installation = await openInstallation();
  const sound = storeLogSource(installation.store);
  let since: number | undefined;
  const source: EventSource = {
    read: (options) => sound.read(options),
    outage: () => (since === undefined ? undefined : { since, reason: "nobody answers" }),
  };
  await using running = await startProjector(installation, { source });
  const { projector } = running;
  const seconds = async () =>
    (await running.metrics.exposition()).match(/^taem_projection_outage_seconds.* (\S+)$/m)?.[1];
  await running.caughtUp();
  expect(() => projector.assertReading()).not.toThrow();
  expect(await seconds()).toBe("0");

  since = performance.now() - 31_000;
  const refuses = () => expect(() => projector.assertReading()).toThrow("nobody answers");
  await vi.waitFor(refuses, 10_000);
  expect(Number(await seconds())).toBeGreaterThan(30);
  since = undefined;
  await vi.waitFor(() => expect(() => projector.assertReading()).not.toThrow(), 10_000);
  expect(await seconds()).toBe("0");
});

test("how far a projection is behind grows while nothing comes, whoever projects it, and is nothing once it has all", async () => {
  await using installation = await openInstallation();
  const numbers = new Numbers(installation.store);
  await using running = await startProjector(installation);
  const behind = async () =>
    Number((await running.metrics.exposition()).match(/^taem_projection_behind_seconds.* (\S+)$/m)?.[1]);
  await running.caughtUp();
  expect(await behind()).toBe(0);
  await running.projector.pause();
  await numbers.append(SLICE, ["late", 1]);
  await vi.waitFor(async () => expect(await behind()).toBeGreaterThan(0), 15_000);
  const before = await behind();
  await vi.waitFor(async () => expect(await behind()).toBeGreaterThan(before), 15_000);
  await using other = await startProjector(installation);
  await other.caughtUp();
  await vi.waitFor(async () => expect(await behind()).toBe(0), 15_000);
});
