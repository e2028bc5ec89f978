import { expect, test } from "vitest";
import { startService } from "../../../test/support/commands-service.ts";
import { openTestStore } from "../../../test/support/test-store.ts";
test("probe", async () => {
  await using s = await openTestStore();
  await using svc = await startService({ store: s.store });
  const api = svc.api();
  const P = "/v1/programmes/shop";
  const r = [];
  r.push(await api.put(P, { name: "Shop", zone: "Asia/Bangkok" }));
  r.push(await api.put(`${P}/currencies/PTS`, { expiry: { kind: "never" } }));
  r.push(await api.post(`${P}/members`, { externalId: "A" }));
  await using svc2 = await startService({ store: s.store });
  const api2 = svc2.api();
  const lines = await api2.bulk("shop", [
    { op: "earn", member: "ext:A", currency: "PTS", points: "10", source: { system: "pos", id: "1" } },
    { op: "earn", member: "ext:nobody", currency: "PTS", points: "10", source: { system: "pos", id: "1" } },
  ]);
  r.push(lines);
  r.push(await api.raw("POST", `${P}/members/ext:A/earn`, '{"__proto__":{"x":1},"currency":"PTS","points":"1"}', {"idempotency-key":"a"}));
  r.push(await api.raw("POST", `${P}/members/ext:A/earn`, '{"points":"2","currency":"PTS","points":"1"}', {"idempotency-key":"a"}));
  r.push(svc2.complaints, svc.complaints);
  expect(r).toEqual(0);
});
