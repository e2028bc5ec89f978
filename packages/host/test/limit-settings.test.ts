import { defaultLimits } from "@taem/http";
import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";
import { limitsOf } from "../src/limit-settings.ts";

test("what nobody sets is as the server has it", () => {
  expect({ ...defaultLimits, ...limitsOf(readConfig({})) }).toEqual(defaultLimits);
});

test("what is set is what the server takes on, and of it a client has its part", () => {
  const limits = limitsOf(
    readConfig({
      ...{ TAEM_REQUESTS: "40", TAEM_PROGRAMME_REQUESTS: "30", TAEM_CLIENT_REQUESTS: "20" },
      ...{ TAEM_PROGRAMME_RATE: "3000", TAEM_CLIENT_RATE: "2000", TAEM_ADDRESS_RATE: "10" },
      ...{ TAEM_BULK_LINES: "101", TAEM_REQUEST_MEGABYTES: "8" },
    }),
  );
  expect(limits).toEqual({
    ...{ maxRequests: 40, maxProgrammeRequests: 30, maxClientRequests: 20 },
    ...{ programmeRate: 3_000, clientRate: 2_000, strangerRate: 10 },
    ...{ maxLines: 101, maxClientLines: 51 },
    ...{ maxBytes: 8 * 1024 * 1024, maxClientBytes: 2 * 1024 * 1024 },
  });
  expect(() => readConfig({ TAEM_CLIENT_RATE: "0" })).toThrow(/TAEM_CLIENT_RATE/);
});

test("metrics are beside the API, on this machine alone, unless told", () => {
  const metricsOf = (environment: Record<string, string>) => {
    const { TAEM_METRICS_HOST: host, TAEM_METRICS_PORT: port } = readConfig(environment);
    return `${host}:${port}`;
  };
  expect(metricsOf({})).toBe("127.0.0.1:9080");
  expect(metricsOf({ TAEM_HOST: "0.0.0.0", TAEM_PORT: "8082" })).toBe("127.0.0.1:9082");
  expect(metricsOf({ TAEM_PORT: "0" })).toBe("127.0.0.1:0");
  expect(metricsOf({ TAEM_PORT: "65000" })).toBe("127.0.0.1:64000");
  expect(metricsOf({ TAEM_METRICS_HOST: "10.0.0.7", TAEM_METRICS_PORT: "1234" })).toBe("10.0.0.7:1234");
});
