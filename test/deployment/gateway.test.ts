import type { Described } from "@taem/http";
import { contexts } from "@taem/taem-service";
import { describe, expect, test } from "vitest";
import { readText } from "./support/files.ts";
import { serviceFor } from "./support/gateway.ts";
import { GATEWAY_MAP, gatewayMap } from "./support/gateway-map.ts";

const target = ({ path }: Described, value: string) => path.replaceAll(/\{[^}]+\}/g, value);
const described = (part: "commands" | "queries") =>
  contexts.flatMap(({ api }) => Object.values(api?.[part] ?? {}));
const queries = described("queries");
const commands = described("commands");

test("the map of routes is what `npm run gateway` writes", () => {
  expect(readText(GATEWAY_MAP)).toBe(gatewayMap());
});

describe("the gateway sends", () => {
  test.each(queries)("$method $path to the ledger, whatever the query and the ids", (route) => {
    const query = "?currency=POINT&asOf=2026-11-22T00:00:00Z";
    expect(serviceFor(route.method, target(route, "p-1"))).toBe("ledger");
    expect(serviceFor("HEAD", target(route, "p-1"))).toBe("ledger");
    expect(serviceFor(route.method, target(route, "ext:a%2Fb%3Fc") + query)).toBe("ledger");
  });

  test.each(commands)("$method $path to commands", (route) => {
    expect(serviceFor(route.method, target(route, "p-1"))).toBe("commands");
    expect(serviceFor(route.method, target(route, "balance"))).toBe("commands");
  });

  test("what nobody serves to commands, whose answer says so", () => {
    expect(queries.length).toBeGreaterThanOrEqual(6);
    expect(commands.length).toBeGreaterThanOrEqual(15);
    for (const unknown of [
      "/",
      "/docs",
      "/v1/programmes/p/outstandings",
      "/v1/programmes/p/memberships",
      "/v1/programmes/p/members/m/balance/x",
    ]) {
      expect(serviceFor("GET", unknown), unknown).toBe("commands");
    }
  });
});
