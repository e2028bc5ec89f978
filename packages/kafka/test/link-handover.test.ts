import type { Batch, Link } from "@taem/processing";
import { expect, test } from "vitest";
import { LinkHandover } from "../src/link-handover.ts";

const links = (...positions: string[]): Link[] =>
  positions.map((position) => ({ slice: 0, position, previous: "" }));
const batch = (...positions: string[]): Batch => ({ links: links(...positions), hasMore: false });

/** Whether a promise has settled by the time that everything already under way has. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => {
    settled = true;
  };
  promise.then(note, note);
  await new Promise(setImmediate);
  return settled;
}

test("offers are taken together as far as they fit, in their order", async () => {
  const handover = new LinkHandover(4);
  for (const offer of [batch("1", "2"), batch("3", "4"), batch("5")]) handover.offer(offer);
  expect(await handover.take()).toEqual({ links: links("1", "2", "3", "4"), hasMore: true });
  expect(await handover.take()).toEqual(batch("5"));
});

test("a large offer is taken in parts, and is gone after the last", async () => {
  const handover = new LinkHandover(2);
  const { gone } = handover.offer(batch("1", "2", "3"));
  handover.offer(batch("4"));
  expect((await handover.take()).links).toEqual(links("1", "2"));
  expect(await handover.take()).toEqual(batch("3", "4"));
  expect(await isSettled(gone)).toBe(false);
  handover.offer(batch("5"));
  await handover.take();
  expect(await isSettled(gone)).toBe(true);
});

test("a batch has more behind it when an offer in it has", async () => {
  const handover = new LinkHandover(4);
  handover.offer({ links: links("1"), hasMore: true });
  handover.offer(batch("2"));
  expect(await handover.take()).toEqual({ links: links("1", "2"), hasMore: true });
});

test("who brought links waits until the next are asked for", async () => {
  const handover = new LinkHandover(4);
  const { gone } = handover.offer(batch("1"));
  await handover.take();
  expect(await isSettled(gone)).toBe(false);
  handover.offer(batch("2"));
  await handover.take();
  expect(await isSettled(gone)).toBe(true);
});

test("what is gone went into the batches taken by then", async () => {
  const handover = new LinkHandover(2);
  const { gone } = handover.offer(batch("1", "2", "3"));
  const takes = gone.then(() => handover.takes);
  for (let i = 0; i < 2; i++) await handover.take();
  handover.offer(batch("4"));
  const third = handover.take();
  expect(await takes).toBeGreaterThanOrEqual(2);
  await third;
});

test("who takes waits until something is offered", async () => {
  const handover = new LinkHandover(4);
  const taking = handover.take();
  expect(await isSettled(taking)).toBe(false);
  handover.offer(batch("1"));
  expect(await taking).toEqual(batch("1"));
});

test("what was taken back is not handed out", async () => {
  const handover = new LinkHandover(4);
  handover.offer(batch("1")).withdraw();
  handover.offer(batch("2"));
  expect(await handover.take()).toEqual(batch("2"));
});

test("an end reaches both sides, also those who come later", async () => {
  const handover = new LinkHandover(4);
  const offered = handover.offer(batch("1")).gone;
  const taken = handover.take();
  await taken;
  handover.end(new Error("over"));
  await expect(offered).rejects.toThrow("over");
  await expect(handover.take()).rejects.toThrow("over");
  await expect(handover.offer(batch("2")).gone).rejects.toThrow("over");
});

test("an end wakes who takes and finds nothing", async () => {
  const handover = new LinkHandover(4);
  const taking = handover.take();
  handover.end(new Error("over"));
  await expect(taking).rejects.toThrow("over");
});
