import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { parseTraceparent } from "../src/index.ts";
import { formatTraceparent, traceIdOf } from "../src/trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

test("a traceparent is read as W3C has it, and written the same", () => {
  const sampled = `00-${TRACE}-${SPAN}-01`;
  const context = parseTraceparent(sampled);
  expect(context).toEqual({ traceId: TRACE, spanId: SPAN, isSampled: true });
  expect(context && formatTraceparent(context)).toBe(sampled);
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.isSampled).toBe(false);
});

test("of a later version what this one knows is read", () => {
  expect(parseTraceparent(`01-${TRACE}-${SPAN}-01-more`)).toMatchObject({ traceId: TRACE, spanId: SPAN });
  expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01`)).toMatchObject({ traceId: TRACE, spanId: SPAN });
});

test.each([
  undefined,
  "",
  ["two", "of them"],
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-01-more`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${"0".repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
  `00-${TRACE}-${SPAN}-0x`,
])("what is no traceparent is none: %s", (header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});

test("a trace has the digits of a correlation id that is a UUID or a trace id, else of its hash", () => {
  expect(traceIdOf("4BF92F35-77B3-4DA6-A3CE-929D0E0E4736")).toBe(TRACE);
  expect(traceIdOf(TRACE)).toBe(TRACE);
  const hash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 32);
  expect(traceIdOf("order-1")).toBe(hash("order-1"));
  expect(traceIdOf("0".repeat(32))).toBe(hash("0".repeat(32)));
});
