import { openPlatform, readConfig, startProgram } from "@taem/host";
import { createTestDatabase } from "@taem/postgres/testing";
import { contexts } from "@taem/taem-service";
import { Api } from "@taem/testing/api";
import { clientKey } from "@taem/testing/client-key";
import { collectingLogger } from "@taem/testing/collecting-logger";
import { defineProgramme, enrolMany, succeeds } from "@taem/testing/programme";
import { answered } from "@taem/testing/read-model";
import { expect, test } from "vitest";

test("a whole program reads the log once, however many projections it has", async () => {
  await using database = await createTestDatabase();
  const config = readConfig({ DATABASE_URL: database.url, TAEM_PORT: "0" });
  await using opened = await openPlatform(config, contexts, collectingLogger().logger);
  let readings = 0;
  const store = new Proxy(opened.store, {
    get(target, name) {
      if (name === "follow") readings += 1;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  await using program = await startProgram({ ...opened, store }, config);
  await using api = new Api(program.url, await clientKey(opened.store, "test"));
  const shop = await defineProgramme(api, "shop");
  const [member] = (await enrolMany(api, "shop", "m", 1)) as [string];
  const path = `${shop}/members/${member}`;
  const { token } = (await succeeds(api.post(`${path}/earn`, { currency: "PTS", points: "10" }, "e"))).body;
  await answered(() => api.get(`${path}/balance?${new URLSearchParams({ currency: "PTS", token })}`));
  const every = "SELECT nspname FROM pg_namespace WHERE to_regclass(nspname || '.checkpoints') IS NOT NULL";
  const names = (await opened.database.queryArrays<[string]>(every)).flat();
  expect(names.length).toBeGreaterThan(1);
  const head = await opened.store.head();
  for (const name of names) {
    const behind = `SELECT 1 FROM ${name}.checkpoints WHERE position < $1`;
    await expect.poll(() => opened.database.queryArrays(behind, [head]), { timeout: 20_000 }).toEqual([]);
  }
  expect(readings).toBe(1);
});
