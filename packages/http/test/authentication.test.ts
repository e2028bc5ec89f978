import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, type ApiKey, CachedApiKeys, createApiKey, type Scope } from "../src/index.ts";
import { earnRoute, lotsRoute } from "./support/sample-routes.ts";
import { MemoryKeys, type Sample, startSample } from "./support/sample-server.ts";

const LOTS = "/v1/programmes/the-1/members/ext:C-1/lots?currency=POINT";

describe("a request", () => {
  let sample: Sample;
  let seen: unknown[] = [];

  beforeAll(async () => {
    sample = await startSample([
      lotsRoute((content) => seen.push(content)),
      earnRoute((content) => seen.push(content)),
    ]);
  });
  beforeEach(() => {
    seen = [];
  });
  afterAll(() => sample.server.close());

  async function get(authorization: string | undefined, path = LOTS) {
    const response = await fetch(sample.url + path, {
      headers: authorization === undefined ? {} : { authorization },
    });
    const body = (await response.json()) as { code?: string; detail?: string };
    return { status: response.status, code: body.code, detail: body.detail, headers: response.headers };
  }

  it("with a key that has the scope is answered, and the handler knows who asks", async () => {
    const token = await sample.token({ name: "till 4", programme: "the-1", scopes: ["earn"] });
    const response = await fetch(`${sample.url}/v1/programmes/the-1/members/ext:C-1/earn`, {
      method: "POST",
      headers: { authorization: `bearer ${token}`, "content-type": "application/json" },
      body: '{"points":"10","currency":"POINT"}',
    });
    expect(response.status).toBe(201);
    expect(seen).toEqual([
      expect.objectContaining({
        params: { programme: "the-1", member: { externalId: "C-1" } },
        body: { points: 10n, currency: "POINT" },
        principal: { keyId: token.split("_")[1], name: "till 4", programme: "the-1", scopes: ["earn"] },
      }),
    ]);
  });

  it("without a valid key is refused alike, whatever is wrong with it", async () => {
    const token = await sample.token();
    const other = await sample.token();
    const swapped = `taem_${token.split("_")[1]}_${other.split("_")[2]}`;
    const answers = await Promise.all(
      [
        undefined,
        "",
        "Bearer",
        token,
        `Basic ${token}`,
        "Bearer taem_x_y",
        `Bearer ${token}0`,
        `Bearer ${swapped}`,
        `Bearer taem_${"0".repeat(16)}_${"0".repeat(64)}`,
      ].map((given) => get(given)),
    );
    expect(new Set(answers.map(({ status, code, detail }) => `${status} ${code} ${detail}`)).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401, code: "unauthenticated" });
    expect(answers[0]?.headers.get("www-authenticate")).toBe('Bearer realm="taem"');
    expect(seen).toEqual([]);
  });

  it("with a key that lacks the scope is refused and told which one it needs", async () => {
    const token = await sample.token({ scopes: ["earn", "burn", "partner", "admin"] });
    const answer = await get(`Bearer ${token}`);
    expect(answer).toMatchObject({
      status: 403,
      code: "forbidden",
      detail: "The API key needs the scope read or finance.",
    });
    expect(seen).toEqual([]);
  });

  it("with any one of the scopes that a route takes is answered", async () => {
    for (const scope of ["read", "finance"] satisfies Scope[]) {
      expect((await get(`Bearer ${await sample.token({ scopes: [scope] })}`)).status).toBe(200);
    }
  });

  it("for another programme gets the answer of a programme that does not exist", async () => {
    const token = await sample.token({ programme: "rival" });
    const foreign = await get(`Bearer ${token}`);
    const missing = await get(`Bearer ${token}`, LOTS.replace("the-1", "no-such"));
    expect(foreign).toMatchObject({ status: 404, code: "programme_unknown" });
    expect({ ...foreign, headers: 0 }).toEqual({ ...missing, headers: 0 });
    expect(seen).toEqual([]);
  });

  it("for another programme in a different spelling is refused too", async () => {
    const token = await sample.token({ programme: "rival" });
    for (const spelling of ["the%2D1", "RIVAL", "rival%20", "rival%2F..%2Fthe-1", "..%2Fthe-1"]) {
      const { status } = await get(`Bearer ${token}`, LOTS.replace("the-1", spelling));
      expect(status).toBe(404);
    }
    expect(seen).toEqual([]);
  });

  it("whose key cannot be looked up is told to come back, and the log says why without the secret", async () => {
    const token = await sample.token();
    sample.keys.failing = true;
    const answer = await get(`Bearer ${token}`);
    sample.keys.failing = false;
    expect(answer).toMatchObject({ status: 503, code: "unavailable" });
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(JSON.stringify(await sample.logged("request not done"))).toContain(
      "postgres://taem:[redacted]@db",
    );
    expect((await get(`Bearer ${token}`)).status).toBe(200);
  });

  it("leaves neither its token nor its member in the log", async () => {
    const token = await sample.token();
    await get(`Bearer ${token}`);
    await sample.logged("request");
    const text = JSON.stringify(sample.log);
    expect(text).not.toContain(token);
    expect(text).not.toContain(token.split("_")[2]);
    expect(text).not.toContain("C-1");
  });
});

describe("remembered keys", () => {
  const principal = { name: "n", programme: null, scopes: ["read"] as const };

  async function remembered() {
    const store = new MemoryKeys();
    const time = { now: 0 };
    const { keyId, token } = await createApiKey(store, principal);
    return { store, time, keyId, token, apiKeys: new CachedApiKeys(store, () => time.now) };
  }

  it("are looked up once for many requests", async () => {
    const { store, token, apiKeys } = await remembered();
    await Promise.all(Array.from({ length: 100 }, () => apiKeys.verify(token)));
    expect(await apiKeys.verify(token)).toMatchObject(principal);
    expect(store.lookUps).toBe(1);
  });

  it("are refused within five seconds of their revocation", async () => {
    const { store, time, keyId, token, apiKeys } = await remembered();
    expect(await apiKeys.verify(token)).toBeDefined();
    await store.revoke(keyId);
    time.now = 5_000;
    expect(await apiKeys.verify(token)).toBeUndefined();
  });

  it("do not let a wrong secret pass", async () => {
    const { token, apiKeys } = await remembered();
    await apiKeys.verify(token);
    const wrong = token.slice(0, -1) + (token.endsWith("0") ? "1" : "0");
    expect(await apiKeys.verify(wrong)).toBeUndefined();
  });

  it("made after a failed look-up are found at once", async () => {
    const { store, time, apiKeys } = await remembered();
    const kept = new MemoryKeys();
    const { token, keyId } = await createApiKey(kept, principal);
    expect(await apiKeys.verify(token)).toBeUndefined();
    store.keys.set(keyId, kept.keys.get(keyId) as ApiKey);
    expect(time.now).toBe(0);
    expect(await apiKeys.verify(token)).toBeDefined();
  });

  it("cost a flood of invented ones one look-up at a time, and beyond a bound the rest is refused", async () => {
    const { apiKeys } = await remembered();
    const batches: number[] = [];
    const gate = Promise.withResolvers<void>();
    const slow = new CachedApiKeys({
      find: async (keyIds) => {
        batches.push(keyIds.length);
        await gate.promise;
        return [];
      },
    });
    expect(apiKeys).toBeDefined();
    const invented = (i: number) => `taem_${i.toString(16).padStart(16, "0")}_${"0".repeat(64)}`;
    const outcomes = Array.from({ length: 6_000 }, (_, i) => slow.verify(invented(i)));
    gate.resolve();
    const settled = await Promise.allSettled(outcomes);
    const refused = settled
      .filter((outcome) => outcome.status === "rejected")
      .map((outcome) => outcome.reason as ApiError);
    expect(refused).toHaveLength(1_000);
    expect(refused[0]).toBeInstanceOf(ApiError);
    expect(refused[0]?.code).toBe("overloaded");
    expect(batches.slice(0, 2)).toEqual([1, 500]);
  });

  it("that the store does not tell of are not waited for: unavailable, until it answers again", async () => {
    const { store, token } = await remembered();
    vi.useFakeTimers();
    try {
      let isAway = true;
      const apiKeys = new CachedApiKeys({
        find: (keyIds) => (isAway ? new Promise(() => {}) : store.find(keyIds)),
      });
      const verified = expect(apiKeys.verify(token)).rejects.toMatchObject({ code: "unavailable" });
      await vi.advanceTimersByTimeAsync(5_000);
      await verified;
      isAway = false;
      expect(await apiKeys.verify(token)).toMatchObject(principal);
    } finally {
      vi.useRealTimers();
    }
  });
});
