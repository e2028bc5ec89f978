import type { Link } from "@taem/projection";
import { expect, test } from "vitest";
import { Exchange } from "../src/exchange.ts";

const links = (...positions: string[]): Link[] =>
  positions.map((position) => ({ slice: 0, position, previous: "" }));

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
  for (const offer of [links("1", "2"), links("3", "4"), links("5")]) exchange.offer(offer);
  expect(await exchange.take()).toEqual(links("1", "2", "3", "4"));
  expect(await exchange.take()).toEqual(links("5"));
});

test("who brought links waits until the next are asked for", async () => {
  const exchange = new Exchange(4);
  const { done } = exchange.offer(links("1"));
  await exchange.take();
  expect(await isSettled(done)).toBe(false);
  exchange.offer(links("2"));
  await exchange.take();
  expect(await isSettled(done)).toBe(true);
});

test("who takes waits until something is offered", async () => {
  const exchange = new Exchange(4);
  const taking = exchange.take();
  expect(await isSettled(taking)).toBe(false);
  exchange.offer(links("1"));
  expect(await taking).toEqual(links("1"));
});

test("what was taken back is not handed out", async () => {
  const exchange = new Exchange(4);
  exchange.offer(links("1")).withdraw();
  exchange.offer(links("2"));
  expect(await exchange.take()).toEqual(links("2"));
});

test("an end reaches both sides, also those who come later", async () => {
  const exchange = new Exchange(4);
  const offered = exchange.offer(links("1")).done;
  const taken = exchange.take();
  await taken;
  exchange.end(new Error("over"));
  await expect(offered).rejects.toThrow("over");
  await expect(exchange.take()).rejects.toThrow("over");
  await expect(exchange.offer(links("2")).done).rejects.toThrow("over");
});

test("an end wakes who takes and finds nothing", async () => {
  const exchange = new Exchange(4);
  const taking = exchange.take();
  exchange.end(new Error("over"));
  await expect(taking).rejects.toThrow("over");
});
