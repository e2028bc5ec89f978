import { expect, test } from "vitest";
import { isLoopback } from "../src/index.ts";

test.each([
  ["localhost", true],
  ["LOCALHOST", true],
  ["127.8.9.1", true],
  ["::1", true],
  ["[::1]", true],
  ["::ffff:127.0.0.1", true],
  ["/tmp", true],
  ["0.0.0.0", false],
  ["::", false],
  ["localhost.example", false],
  ["127.0.0.1.example", false],
  ["0x7f000001", false],
  ["", false],
])("whether %j is this machine alone: %j", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
