import { startTestProgram } from "@taem/testing/program";
import { defineProgramme, enrolMany, succeeds } from "@taem/testing/programme";
import { answered } from "@taem/testing/read-model";
import { openTestStore } from "@taem/testing/test-store";
import { expect, test } from "vitest";

test("a whole program reads the log once, however many projections it has", async () => {
  await using testStore = await openTestStore();
  let readings = 0;
  const store = new Proxy(testStore.store, {
    get(target, name) {
      if (name === "follow") readings += 1;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  await using program = await startTestProgram(testStore.url, { store });
  const { api, platform } = program;
  const shop = await defineProgramme(api, "shop");
  const [member] = (await enrolMany(api, "shop", "m", 1)) as [string];
  const path = `${shop}/members/${member}`;
  const { token } = (await succeeds(api.post(`${path}/earn`, { currency: "PTS", points: "10" }, "e"))).body;
  await answered(() => api.get(`${path}/balance?${new URLSearchParams({ currency: "PTS", token })}`));
  const every = "SELECT nspname FROM pg_namespace WHERE to_regclass(nspname || '.checkpoints') IS NOT NULL";
  const names = (await platform.database.queryArrays<[string]>(every)).flat();
  expect(names.length).toBeGreaterThan(1);
  const head = await platform.store.head();
  for (const name of names) {
    const behind = `SELECT 1 FROM ${name}.checkpoints WHERE position < $1`;
    await expect.poll(() => platform.database.queryArrays(behind, [head]), { timeout: 20_000 }).toEqual([]);
  }
  expect(readings).toBe(1);
});
