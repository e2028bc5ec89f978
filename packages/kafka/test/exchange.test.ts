import type { Batch, Link } from "@taem/processing";
import { expect, test } from "vitest";
import { Exchange } from "../src/exchange.ts";

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
  const exchange = new Exchange(4);
  for (const offer of [batch("1", "2"), batch("3", "4"), batch("5")]) exchange.offer(offer);
  expect(await exchange.take()).toEqual({ links: links("1", "2", "3", "4"), hasMore: true });
  expect(await exchange.take()).toEqual(batch("5"));
});

test("a large offer is taken in parts, and is gone after the last", async () => {
  const exchange = new Exchange(2);
  const { gone } = exchange.offer(batch("1", "2", "3"));
  exchange.offer(batch("4"));
  expect((await exchange.take()).links).toEqual(links("1", "2"));
  expect(await exchange.take()).toEqual(batch("3", "4"));
  expect(await isSettled(gone)).toBe(false);
  exchange.offer(batch("5"));
  await exchange.take();
  expect(await isSettled(gone)).toBe(true);
});

test("a batch has more behind it when an offer in it has", async () => {
  const exchange = new Exchange(4);
  exchange.offer({ links: links("1"), hasMore: true });
  exchange.offer(batch("2"));
  expect(await exchange.take()).toEqual({ links: links("1", "2"), hasMore: true });
});

test("who brought links waits until the next are asked for", async () => {
  const exchange = new Exchange(4);
  const { gone } = exchange.offer(batch("1"));
  await exchange.take();
  expect(await isSettled(gone)).toBe(false);
  exchange.offer(batch("2"));
  await exchange.take();
  expect(await isSettled(gone)).toBe(true);
});

test("what is gone went into the batches taken by then", async () => {
  const exchange = new Exchange(2);
  const { gone } = exchange.offer(batch("1", "2", "3"));
  const takes = gone.then(() => exchange.takes);
  for (let i = 0; i < 2; i++) await exchange.take();
  exchange.offer(batch("4"));
  const third = exchange.take();
  expect(await takes).toBeGreaterThanOrEqual(2);
  await third;
});

test("who takes waits until something is offered", async () => {
  const exchange = new Exchange(4);
  const taking = exchange.take();
  expect(await isSettled(taking)).toBe(false);
  exchange.offer(batch("1"));
  expect(await taking).toEqual(batch("1"));
});

test("what was taken back is not handed out", async () => {
  const exchange = new Exchange(4);
  exchange.offer(batch("1")).withdraw();
  exchange.offer(batch("2"));
  expect(await exchange.take()).toEqual(batch("2"));
});

test("an end reaches both sides, also those who come later", async () => {
  const exchange = new Exchange(4);
  const offered = exchange.offer(batch("1")).gone;
  const taken = exchange.take();
  await taken;
  exchange.end(new Error("over"));
  await expect(offered).rejects.toThrow("over");
  await expect(exchange.take()).rejects.toThrow("over");
  await expect(exchange.offer(batch("2")).gone).rejects.toThrow("over");
});

test("an end wakes who takes and finds nothing", async () => {
  const exchange = new Exchange(4);
  const taking = exchange.take();
  exchange.end(new Error("over"));
  await expect(taking).rejects.toThrow("over");
});
