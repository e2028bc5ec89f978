import {
  accountQueries,
  bulk,
  definitions,
  memberOperations,
  members,
  ordinalOperations,
  reports,
} from "@taem/api";
import { expect, test } from "vitest";
import { createInstallation } from "../support/program.ts";

test("what is served is what is described, so the client knows every route and no other", async () => {
  const described = [definitions, members, memberOperations, ordinalOperations, accountQueries, reports];
  const routes = [...described.flatMap((group) => Object.values(group)), bulk];
  await using installation = await createInstallation();
  await using program = await installation.start();
  const { paths } = (await program.api.get("/openapi.json")).body as unknown as { readonly paths: object };
  const served = Object.entries(paths)
    .filter(([path]) => path.startsWith("/v1/"))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  expect(served.toSorted()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).toSorted());
});
