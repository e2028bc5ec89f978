import { expect, test } from "vitest";
import type { StreamDamaged } from "../src/index.ts";
import { MemoryEventStore } from "../testing/memory-event-store.ts";
import { appendDirectly, commandOn, decideOn, openBench, POISON, stored } from "../testing/purse.ts";

/** A log with a stream of five events, of which some are lost. */
async function damaged(...lost: readonly number[]): Promise<MemoryEventStore> {
  const memory = new MemoryEventStore();
  await appendDirectly(memory, "a", ...Array.from({ length: 5 }, (_, i) => stored(`e${i}`, 1)));
  memory.lose("a", ...lost);
  return memory;
}

const refused = { code: "stream_damaged", stream: "a" };

test.each([
  ["its first event", [1], 1],
  ["its beginning", [1, 2, 3], 1],
  ["an event within", [3], 3],
])("a stream that has lost %s takes no command, and those decided with it do", async (_, lost, first) => {
  const memory = await damaged(...lost);
  await using bench = openBench({}, memory);
  const [spent, other] = await Promise.allSettled([bench.move("a", "c", -1), bench.move("b", "c", 1)]);
  expect(spent).toMatchObject({
    status: "rejected",
    reason: { ...refused, message: expect.stringContaining(`has lost its event ${first}: restore`) },
  });
  expect(other).toMatchObject({ status: "fulfilled", value: { balance: 1 } });
  expect(bench.reported).toEqual([expect.stringMatching(/^a: the stream a has lost/)]);
  expect(await bench.events("b")).toHaveLength(1);
});

test("a stream that does not fold takes no command, and says from which event on", async () => {
  const memory = new MemoryEventStore();
  await appendDirectly(memory, "a", stored("one", 1), stored("two", POISON));
  await using bench = openBench({}, memory);
  await expect(bench.move("a", "c", 1)).rejects.toMatchObject({
    ...refused,
    message: expect.stringContaining("does not fold from event 2, CoinsPut, on (does not fold)"),
  });
});

test("what an event of a later version says is not decided on", async () => {
  const memory = new MemoryEventStore();
  await appendDirectly(memory, "a", { type: "CoinsMinted", data: "{}" });
  await using bench = openBench({}, memory);
  const error = await bench.move("a", "c", 1).catch((reason: unknown) => reason);
  expect(error).toMatchObject(refused);
  expect((error as StreamDamaged).message).toContain("upgrade a program that is too old for it");
});

test("an earlier event that a decision asks for and that is lost makes no answer", async () => {
  const memory = await damaged();
  await using bench = openBench({}, memory);
  await bench.move("a", "c", 1);
  memory.lose("a", 2);
  const asking = commandOn("a", () => ({
    load: { revision: 2, count: 1 },
    next: () => decideOn("found", 1)({ balance: 0, labels: [] }),
  }));
  await expect(bench.handler.execute(asking)).rejects.toMatchObject(refused);
});
