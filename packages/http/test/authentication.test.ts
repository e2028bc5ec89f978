import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { earnRoute, lotsRoute } from "./support/sample-routes.ts";
import { type Sample, startSample } from "./support/sample-server.ts";
import { samplePermissions } from "./support/sample-tables.ts";

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

  it("of a client that has the permission is answered, and the handler knows who asks", async () => {
    const token = sample.token({ name: "till 4", programmes: ["the-1"], permissions: ["earn"] });
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
        principal: {
          ...{ id: token.slice(5, 21), key: token.split("_")[1], systems: null },
          ...{ name: "till 4", programmes: ["the-1"], permissions: ["earn"] },
        },
      }),
    ]);
  });

  it("without a valid key is refused alike, whatever is wrong with it", async () => {
    const token = sample.token();
    const other = sample.token();
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

  it("of a client that lacks the permission is refused and told which one it needs", async () => {
    const token = sample.token({
      permissions: samplePermissions.names.filter((one) => one !== "read" && one !== "finance"),
    });
    const answer = await get(`Bearer ${token}`);
    expect(answer).toMatchObject({
      status: 403,
      code: "forbidden",
      detail: "The caller needs the permission read or finance.",
    });
    expect(seen).toEqual([]);
  });

  it("with any one of the permissions that a route takes is answered", async () => {
    for (const permission of ["read", "finance"]) {
      expect((await get(`Bearer ${sample.token({ permissions: [permission] })}`)).status).toBe(200);
    }
  });

  it("for another programme gets the answer of a programme that does not exist", async () => {
    const token = sample.token({ programmes: ["rival"] });
    const foreign = await get(`Bearer ${token}`);
    const missing = await get(`Bearer ${token}`, LOTS.replace("the-1", "no-such"));
    expect(foreign).toMatchObject({ status: 404, code: "programme_unknown" });
    expect({ ...foreign, headers: 0 }).toEqual({ ...missing, headers: 0 });
    expect(seen).toEqual([]);
  });

  it("for another programme in a different spelling is refused too", async () => {
    const token = sample.token({ programmes: ["rival"] });
    for (const spelling of ["the%2D1", "RIVAL", "rival%20", "rival%2F..%2Fthe-1", "..%2Fthe-1"]) {
      const { status } = await get(`Bearer ${token}`, LOTS.replace("the-1", spelling));
      expect(status).toBe(404);
    }
    expect(seen).toEqual([]);
  });

  it("whose key cannot be looked up is told to come back, and the log says why without the secret", async () => {
    const token = sample.token();
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
    const token = sample.token();
    await get(`Bearer ${token}`);
    await sample.logged("request");
    const text = JSON.stringify(sample.log);
    expect(text).not.toContain(token);
    expect(text).not.toContain(token.split("_")[2]);
    expect(text).not.toContain("C-1");
  });
});
