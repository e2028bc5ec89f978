import { OperatorClients } from "@taem/taem-service";
import { Api } from "@taem/testing/api";
import { createInstallation } from "@taem/testing/program";
import { succeeds } from "@taem/testing/programme";
import { expect, test } from "vitest";

// Failure: whoever has a process restarted, or goes to another one, has the whole of a ceiling again.

/** A time zone in which it is about noon, so that no midnight comes between. */
function zoneAtNoon(): string {
  const hours = 12 - new Date().getUTCHours();
  return `Etc/GMT${hours < 0 ? "+" : "-"}${Math.abs(hours)}`;
}

test("what a client gave before a restart counts after it, whichever of its API keys it comes with", async () => {
  await using installation = await createInstallation();
  const earn = (id: string, points: string) => ({ currency: "PTS", points, source: { system: "till", id } });
  const member = "/v1/programmes/shop/members/ext:malee";
  const tokens: string[] = [];
  {
    await using program = await installation.start();
    const { api } = program;
    await succeeds(api.put("/v1/programmes/shop", { name: "shop", zone: zoneAtNoon() }));
    const settings = { expiry: { kind: "never" }, earnCeiling: "1000" };
    await succeeds(api.put("/v1/programmes/shop/currencies/PTS", settings));
    await succeeds(api.post("/v1/programmes/shop/members", { externalId: "malee" }));
    const rights = { name: "till", programme: "shop", permissions: ["earn"], systems: null } as const;
    await using operator = new OperatorClients(program.platform);
    const first = await operator.clients.create(rights, operator.asking());
    const second = await operator.clients.createKey(first.key.client, operator.asking());
    tokens.push(first.token, second.token);
    await using till = new Api(api.url, tokens[0] as string);
    const { body } = await succeeds(till.post(`${member}/earn`, earn("before", "900")));
    // The read model knows of it.
    await succeeds(api.get(`${member}/balance?currency=PTS&token=${encodeURIComponent(body.token)}`));
  }
  await using program = await installation.start();
  const { api, errors, monitorUrl } = program;
  await using till = new Api(api.url, tokens[1] as string);
  const beyond = await till.post(`${member}/earn`, earn("beyond", "101"));
  expect([beyond.status, beyond.body.code]).toEqual([409, "earn_ceiling_reached"]);
  expect(beyond.body.detail).toContain("900 today");
  await succeeds(till.post(`${member}/earn`, earn("after", "100")));
  await succeeds(api.post(`${member}/earn`, { ...earn("of another", "1000") }));
  expect(errors).toEqual([expect.stringContaining("a client's ceiling is reached")]);
  const metrics = await (await fetch(`${monitorUrl}/metrics`)).text();
  expect(metrics).toContain('taem_ceiling_reached_total{kind="earned"} 1');
});
