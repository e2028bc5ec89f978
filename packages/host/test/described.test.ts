import { describeApi, final, type Route, route } from "@taem/http";
import { expect, test } from "vitest";
import { asDescribed, permissionsOf, problemsOf } from "../src/contexts.ts";
import { defineContext } from "../src/index.ts";

const stamp = {
  method: "POST",
  path: "/v1/stamps",
  permission: "stamp",
  tag: "stamps",
  summary: "Stamp",
  responses: { 204: { description: "Stamped." } },
} as const;
const api = describeApi({
  commands: { stamp },
  problems: { card_full: final(409, "Begin another card.") },
  permissions: { stamp: { allows: "stamp cards" } },
});

function contextServing(...described: readonly (Omit<typeof stamp, "path"> & { readonly path: string })[]) {
  const routes = (): Route[] =>
    described.map((one) => route({ ...one, params: {}, handler: () => ({ status: 204 }) }));
  const context = defineContext({
    name: "stamps",
    api,
    categories: [],
    open: () => ({ ports: {}, commands: routes }),
  });
  return asDescribed(context, context.open(undefined as never, {}));
}

test("a context serves what it describes", () => {
  expect(contextServing(stamp).commands?.()).toMatchObject([{ method: "POST", path: "/v1/stamps" }]);
});

test("a route that is served and not described would be known to no gateway: the context does not start", () => {
  const silent = { ...stamp, path: "/v1/cards" };
  const { commands } = contextServing(stamp, silent);
  expect(commands).toThrow("the context stamps serves POST /v1/cards, which it does not describe");
});

test("nor does it where one is described and not served", () => {
  const { commands } = contextServing();
  expect(commands).toThrow("the context stamps describes POST /v1/stamps, which it does not serve");
});

test("what two contexts define alike is refused", () => {
  const context = defineContext({ name: "stamps", api, categories: [], open: () => ({ ports: {} }) });
  expect(problemsOf([context]).get("card_full").status).toBe(409);
  expect(() => problemsOf([context, context])).toThrow("the problem card_full is defined twice");
  expect(() => permissionsOf([context, context])).toThrow("the permission stamp is defined twice");
});
