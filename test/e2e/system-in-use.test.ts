import { createInstallation } from "@taem/testing/program";
import { defineProgramme, succeeds } from "@taem/testing/programme";
import { expect, test } from "vitest";

// Failure: a system whose keys were used, each for its account, is declared to reach further, and an order has a second effect.

test("the list of sources says what is in use, and what is in use is not declared to reach further", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start();
  const { api } = program;
  const shop = await defineProgramme(api, "shop");
  await succeeds(api.put(`${shop}/sources/orders`, { keys: "programme" }));
  await succeeds(api.post(`${shop}/members`, { externalId: "malee" }));
  const earn = { currency: "PTS", points: "5", source: { system: "till", id: "1" } };
  const { body } = await succeeds(api.post(`${shop}/members/ext:malee/earn`, earn));
  // What was done a moment ago counts, too.
  const atOnce = await api.put(`${shop}/sources/till`, { keys: "programme" });
  expect([atOnce.status, atOnce.body.code]).toEqual([409, "system_in_use"]);

  const list = await succeeds(api.get(`${shop}/sources?token=${encodeURIComponent(body.token)}`));
  const unused = { commands: 0, firstUsed: null, lastUsed: null };
  expect(list.body).toEqual({
    parked: 0,
    items: [
      { system: "orders", keys: "programme", declared: true, retired: false, ...unused },
      {
        ...{ system: "till", keys: "account", declared: false, retired: false, commands: 1 },
        ...{ firstUsed: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), lastUsed: expect.any(String) },
      },
    ],
  });
  const refused = await api.put(`${shop}/sources/till`, { keys: "programme" });
  expect([refused.status, refused.body.code]).toEqual([409, "system_in_use"]);
  await succeeds(api.put(`${shop}/sources/till`, { keys: "account" }));
});
