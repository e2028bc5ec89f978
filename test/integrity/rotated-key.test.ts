import { OperatorClients } from "@taem/taem-service";
import { Api } from "@taem/testing/api";
import { createInstallation } from "@taem/testing/program";
import { defineProgramme } from "@taem/testing/programme";
import { expect, test } from "vitest";

// Failure: a key is rotated between a command and its retry, and the retry pays a second time, or enrols the member again.

test("what is repeated under the client's next key has one effect", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start();
  const { api, platform } = program;
  await defineProgramme(api, "shop");
  await using operator = new OperatorClients(platform);
  const rights = { name: "till", programme: "shop", permissions: ["earn"], systems: null };
  const first = await operator.clients.create(rights, operator.asking());
  await using before = new Api(api.url, first.token);
  const enrol = (caller: Api) => caller.post("/v1/programmes/shop/members", {}, "a member without an id");
  const enrolled = await enrol(before);
  const earn = (caller: Api) =>
    caller.post(
      `/v1/programmes/shop/members/${enrolled.body.member}/earn`,
      { currency: "PTS", points: "500" },
      "order 1",
    );
  const earned = await earn(before);
  expect([enrolled.status, earned.status]).toEqual([201, 201]);

  const second = await operator.clients.rotateKey(first.key, 0, operator.asking());
  await using after = new Api(api.url, second.token);
  expect([await enrol(after), await earn(after)]).toMatchObject([
    { status: 200, body: { member: enrolled.body.member } },
    { status: 200, body: { replayed: true, effect: earned.body.effect, balance: { book: "500" } } },
  ]);
});
