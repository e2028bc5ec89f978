import { describe, expect, it, test, vi } from "vitest";
import { siteOf } from "../src/networks.ts";
import { TokenBucket } from "../src/token-bucket.ts";
import { lotsRoute } from "./support/sample-routes.ts";
import { type Sample, startSample } from "./support/sample-server.ts";
import { waitingRoute } from "./support/waiting-route.ts";

const LOTS = "/v1/programmes/the-1/members/ext:C-1/lots?currency=POINT";
const PATIENT = { timeout: 20_000 };

interface Told {
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: number;
}

async function get(
  sample: Sample,
  path: string,
  token?: string,
  more: Record<string, string> = {},
): Promise<Told> {
  const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...more };
  const response = await fetch(sample.url + path, { headers });
  const { code } = (await response.json()) as { readonly code?: string };
  return { status: response.status, code, retryAfter: Number(response.headers.get("retry-after")) };
}

const limited = async ({ metrics }: Sample, limit: string) =>
  Number(
    new RegExp(`^taem_http_limited_total\\{limit="${limit}"\\} (\\d+)$`, "m").exec(
      await metrics.exposition(),
    )?.[1],
  );

describe("what one caller may have under way", () => {
  const inShop = "/v1/programmes/shop/wait";

  it("is told to the client that has it, and others and probes never notice", async () => {
    const { waiting, open, entered } = waitingRoute();
    await using sample = await startSample([waiting, lotsRoute()], { maxClientRequests: 3 });
    const [greedy, other] = [sample.token(), sample.token()];
    const held = Array.from({ length: 3 }, () => get(sample, inShop, greedy));
    await vi.waitFor(() => expect(entered()).toBe(3), PATIENT);
    expect(await get(sample, LOTS, greedy)).toEqual({
      status: 429,
      code: "too_many_requests",
      retryAfter: 1,
    });
    expect(await limited(sample, "client_requests")).toBe(1);
    expect((await get(sample, LOTS, other)).status).toBe(200);
    expect((await fetch(`${sample.url}/health/live`)).status).toBe(200);
    open();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await get(sample, LOTS, greedy)).status).toBe(200);
  });

  it("is not told at once, so that who repeats at once costs less than who waits", async () => {
    const { waiting, open, entered } = waitingRoute();
    const limits = { maxClientRequests: 1, maxRequests: 2, refusalMs: 60_000, closeMs: 100 };
    await using sample = await startSample([waiting, lotsRoute()], limits);
    const [greedy, other] = [sample.token(), sample.token()];
    const held = get(sample, inShop, greedy);
    await vi.waitFor(() => expect(entered()).toBe(1), PATIENT);
    let told = 0;
    const refused = Array.from({ length: 20 }, () =>
      get(sample, LOTS, greedy).then(
        () => told++,
        () => undefined,
      ),
    );
    await vi.waitFor(async () => expect(await limited(sample, "client_requests")).toBe(20), PATIENT);
    // What waits to be refused takes nothing from others.
    expect((await get(sample, LOTS, other)).status).toBe(200);
    open();
    expect((await held).status).toBe(200);
    await sample.server.close();
    await Promise.all(refused);
    expect(told).toBe(0);
  });

  it("is told to whoever calls for the programme that has it, and other programmes never notice", async () => {
    const { waiting, open, entered } = waitingRoute();
    await using sample = await startSample([waiting], { maxProgrammeRequests: 2 });
    const held = Array.from({ length: 2 }, () => get(sample, inShop, sample.token()));
    await vi.waitFor(() => expect(entered()).toBe(2), PATIENT);
    expect(await get(sample, inShop, sample.token())).toMatchObject({
      status: 429,
      code: "too_many_requests",
    });
    expect(await limited(sample, "programme_requests")).toBe(1);
    const elsewhere = get(sample, "/v1/programmes/rival/wait", sample.token());
    await vi.waitFor(() => expect(entered()).toBe(3), PATIENT);
    open();
    expect((await Promise.all([...held, elsewhere])).every(({ status }) => status === 200)).toBe(true);
  });

  it("does not keep probes out where the whole process has as much as it takes on", async () => {
    const { waiting, open, entered } = waitingRoute();
    await using sample = await startSample([waiting], { maxRequests: 1 });
    const held = get(sample, inShop, sample.token());
    await vi.waitFor(() => expect(entered()).toBe(1), PATIENT);
    expect(await get(sample, inShop, sample.token())).toMatchObject({ status: 429, code: "overloaded" });
    for (const path of ["/health/live", "/health/ready"])
      expect((await fetch(sample.url + path)).status).toBe(200);
    open();
    expect((await held).status).toBe(200);
  });
});

describe("how often one caller may ask", () => {
  it("is told to the client that asks more often, with when to come back, and others never notice", async () => {
    await using sample = await startSample([lotsRoute()], { clientRate: 1 });
    const token = sample.token();
    const told = await Promise.all(Array.from({ length: 20 }, () => get(sample, LOTS, token)));
    const refused = told.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    expect(told.length - refused.length).toBeGreaterThan(0);
    for (const one of refused) expect(one).toEqual({ status: 429, code: "too_many_requests", retryAfter: 1 });
    expect(await limited(sample, "client_rate")).toBe(refused.length);
    expect((await get(sample, LOTS, sample.token())).status).toBe(200);
  });

  it("holds for all who call for a programme", async () => {
    await using sample = await startSample([lotsRoute()], { programmeRate: 1 });
    const told = await Promise.all(Array.from({ length: 20 }, () => get(sample, LOTS, sample.token())));
    expect(told.filter(({ status }) => status === 429).length).toBe(await limited(sample, "programme_rate"));
    expect(await limited(sample, "programme_rate")).toBeGreaterThan(0);
    expect((await get(sample, LOTS.replace("the-1", "rival"), sample.token())).status).toBe(200);
  });

  it("is a number a second, saved up for no longer than that", () => {
    const bucket = new TokenBucket(2, 1_000, 0);
    expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([true, true, false]);
    expect(bucket.waitMs(0)).toBe(500);
    expect([bucket.take(499), bucket.take(500)]).toEqual([false, true]);
    expect([1, 2, 3].map(() => bucket.take(9_000))).toEqual([true, true, false]);
  });
});

describe("an address from which many fail to authenticate", () => {
  const few = { strangerRate: 3 };
  const wrong = `taem_${"0".repeat(16)}-1_${"0".repeat(64)}`;

  it("is told so, while whoever has a key there is answered", async () => {
    await using sample = await startSample([lotsRoute()], few);
    const told: Told[] = [];
    for (const token of [undefined, wrong, "x", wrong, undefined]) told.push(await get(sample, LOTS, token));
    expect(told.map(({ code }) => code)).toEqual([
      ...Array(3).fill("unauthenticated"),
      ...Array(2).fill("too_many_requests"),
    ]);
    expect(told.at(-1)).toMatchObject({ status: 429, retryAfter: 20 });
    expect((await get(sample, LOTS, sample.token())).status).toBe(200);
    const text = await sample.metrics.exposition();
    expect(text).toContain('taem_http_failed_authentications_total{answer="unauthenticated"} 3');
    expect(text).toContain('taem_http_failed_authentications_total{answer="too_many_requests"} 2');
  });

  it("has but a few looked up at a time who were not known before", async () => {
    await using sample = await startSample([lotsRoute()], few);
    for (let i = 0; i < 4; i++) await get(sample, LOTS, wrong);
    const gate = Promise.withResolvers<void>();
    sample.keys.answered = gate.promise;
    const before = sample.keys.wanted.length;
    const guesses = Array.from({ length: 40 }, () => get(sample, LOTS, wrong));
    await vi.waitFor(() => expect(sample.keys.wanted.length).toBe(before + 40), PATIENT);
    const asked = sample.keys.wanted.slice(before).map(({ onlyProved }) => onlyProved);
    expect(asked.filter((onlyProved) => onlyProved === false)).toHaveLength(16);
    gate.resolve();
    expect((await Promise.all(guesses)).every(({ code }) => code === "too_many_requests")).toBe(true);
    const known = await get(sample, LOTS, sample.token());
    expect([known.status, sample.keys.wanted.at(-1)?.onlyProved]).toEqual([200, false]);
  });

  it("is the caller's own behind a trusted proxy, and of IPv6 a network", async () => {
    await using sample = await startSample([lotsRoute()], few, { trustedProxies: ["127.0.0.0/8"] });
    const from = (address: string) => get(sample, LOTS, wrong, { "x-forwarded-for": address });
    for (const host of ["1", "2", "3"]) await from(`2001:db8:0:1::${host}`);
    expect((await from("2001:db8:0:1:ffff::4")).code).toBe("too_many_requests");
    expect((await from("2001:db8:0:2::1")).code).toBe("unauthenticated");
    expect((await from("192.0.2.1")).code).toBe("unauthenticated");
  });

  it("may not ask for the documentation as often as it likes either", async () => {
    await using sample = await startSample([], few);
    const told: number[] = [];
    for (let i = 0; i < 4; i++) told.push((await fetch(`${sample.url}/openapi.json`)).status);
    expect(told).toEqual([200, 200, 200, 429]);
    expect((await fetch(`${sample.url}/health/ready`)).status).toBe(200);
  });
});

test("a site is a host of IPv4, and a network of IPv6, however it is written", () => {
  expect(siteOf("192.0.2.7")).toBe("192.0.2.7");
  expect(siteOf("::ffff:192.0.2.7")).toBe("192.0.2.7");
  expect(siteOf("2001:DB8:0:1::7")).toBe("2001:db8:0:1::/64");
  expect(siteOf("2001:0db8::1:2:3:4:5")).toBe("2001:db8:0:1::/64");
  expect(siteOf("2001:db8:0:1:2:3:4:5")).toBe("2001:db8:0:1::/64");
  expect(siteOf("::1")).toBe("0:0:0:0::/64");
  expect(siteOf("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
  expect(siteOf("unknown")).toBe("unknown");
});

describe("the log and the metrics", () => {
  const wrongMethod = (sample: Sample) => fetch(sample.url + LOTS, { method: "DELETE" });

  it("name the address of every caller, behind a trusted proxy his own", async () => {
    await using sample = await startSample([lotsRoute()], {}, { trustedProxies: ["127.0.0.0/8"] });
    await get(sample, LOTS, sample.token(), { "x-forwarded-for": "203.0.113.9" });
    await get(sample, LOTS, sample.token());
    const lines = await sample.logged("request", 2);
    expect(lines.map(({ address }) => address)).toEqual(["203.0.113.9", "127.0.0.1"]);
  });

  it("have what failed to authenticate, what no route takes and by which method none does", async () => {
    await using sample = await startSample([lotsRoute()]);
    await get(sample, LOTS);
    await get(sample, "/v1/members/0812345678");
    await wrongMethod(sample);
    const lines = await sample.logged("request", 3);
    const path = "/v1/programmes/{programme}/members/{member}/lots";
    expect(lines.map(({ status, problem, route, address }) => [status, problem, route, address])).toEqual([
      [401, "unauthenticated", path, "127.0.0.1"],
      [404, "route_unknown", "none", "127.0.0.1"],
      [405, "method_not_allowed", path, "127.0.0.1"],
    ]);
    expect(JSON.stringify(sample.log)).not.toContain("0812345678");
    const text = await sample.metrics.exposition();
    expect(text).toContain('taem_http_problems_total{route="none",code="route_unknown"} 1');
    expect(text).toContain(`taem_http_problems_total{route="${path}",code="method_not_allowed"} 1`);
  });

  it("have of a flood of such requests as many lines as tell of it, and all of them counted", async () => {
    await using sample = await startSample([lotsRoute()]);
    for (let i = 0; i < 40; i++) await Promise.all(Array.from({ length: 10 }, () => get(sample, LOTS)));
    await vi.waitFor(async () => {
      const text = await sample.metrics.exposition();
      expect(text).toMatch(/code="unauthenticated"\} 400$/m);
    }, PATIENT);
    expect(sample.log.length).toBeLessThan(200);
    expect(sample.log.length).toBeGreaterThanOrEqual(100);
  });
});
