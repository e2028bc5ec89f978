import { createInstallation } from "@taem/testing/program";
import { defineProgramme, succeeds } from "@taem/testing/programme";
import { outstandingOf } from "@taem/testing/read-model";
import { wholeLog } from "@taem/testing/test-store";
import { afterEach, expect, test } from "vitest";

// Failure: the clock of one machine jumps a year ahead, and each account that is touched loses its points, for good.

const WAIT = { timeout: 60_000, interval: 100 };
const DAY_MS = 86_400_000;
const now = Date.now;

afterEach(() => {
  Date.now = now;
});

test.each([400, -400])(
  "under a clock that has jumped %i days nothing is written, and all goes on when it is right again",
  async (days) => {
    await using installation = await createInstallation();
    await using program = await installation.start();
    const { api, platform } = program;
    const expiry = { kind: "end_of_month", count: 0 };
    const shop = await defineProgramme(api, "shop", { expiry });
    await succeeds(api.post(`${shop}/members`, { externalId: "malee" }));
    const earn = (key: string) =>
      api.post(`${shop}/members/ext:malee/earn`, { currency: "PTS", points: "100" }, key);
    await succeeds(earn("before"));
    const isReady = async () => (await fetch(`${api.url}/health/ready`)).ok;
    const before = await platform.store.head();
    Date.now = () => now() + days * DAY_MS;
    const { status, body } = await earn("meanwhile");
    expect([status, body.code]).toEqual([503, "unavailable"]);
    await expect.poll(isReady, WAIT).toBe(false);
    expect(await platform.store.head()).toBe(before);
    Date.now = now;
    await expect.poll(async () => (await earn("after")).status, WAIT).toBe(201);
    await expect.poll(isReady, WAIT).toBe(true);
    expect(await outstandingOf(api, "shop")).toBe(200n);
    expect((await wholeLog(platform.store)).map(({ type }) => type)).not.toContain("PointsExpired");
  },
);
