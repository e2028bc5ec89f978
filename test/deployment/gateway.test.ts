import * as ledgerApi from "@taem/ledger/api";
import * as memberApi from "@taem/member/api";
import * as principalApi from "@taem/principal/api";
import * as programmeApi from "@taem/programme/api";
import { describe, expect, test } from "vitest";
import { serviceFor } from "./support/gateway.ts";

interface Described {
  readonly method: string;
  readonly path: string;
}

/** Every route that the package describes, wherever in it. */
function routesIn(value: unknown): Described[] {
  if (typeof value !== "object" || value === null) return [];
  if ("method" in value && "path" in value) return [value as Described];
  return Object.values(value).flatMap(routesIn);
}

const target = ({ path }: Described, value: string) => path.replaceAll(/\{[^}]+\}/g, value);
const { accountQueries, approvals, sources, registers, lists, reports, ...ledgerCommands } = ledgerApi;
const queries = routesIn([accountQueries, approvals, sources, registers, lists, reports]);
const commands = routesIn([ledgerCommands, memberApi, principalApi, programmeApi]);

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
