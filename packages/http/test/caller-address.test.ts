import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { callerAddress } from "../src/caller-address.ts";

const PROXIES = ["10.0.0.0/8", "fd00::/8"];

function addressOf(remoteAddress: string | undefined, forwardedFor?: string, proxies = PROXIES): string {
  const headers = forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor };
  return callerAddress(proxies)({ socket: { remoteAddress }, headers } as unknown as IncomingMessage);
}

describe("a caller's address", () => {
  it("is the connection's, whatever a caller says that is no trusted proxy", () => {
    expect(addressOf("192.0.2.1", "203.0.113.9")).toBe("192.0.2.1");
    expect(addressOf("10.0.0.1", "203.0.113.9", [])).toBe("10.0.0.1");
    expect(addressOf("10.0.0.1")).toBe("10.0.0.1");
    expect(addressOf(undefined, "203.0.113.9")).toBe("");
  });

  it("is the last on the way that is no trusted proxy's", () => {
    expect(addressOf("10.0.0.1", "203.0.113.9")).toBe("203.0.113.9");
    expect(addressOf("::ffff:10.0.0.1", "198.51.100.7, 203.0.113.9,fd00::2")).toBe("203.0.113.9");
    expect(addressOf("10.0.0.1", "10.0.0.3, ,10.0.0.2,")).toBe("10.0.0.3");
  });

  it("is what a trusted proxy says, even if that is no address: no network has it", () => {
    expect(addressOf("10.0.0.1", "203.0.113.9, unknown")).toBe("unknown");
  });
});
