import {
  accountQueries,
  approvals,
  bulk,
  lists,
  memberOperations,
  ordinalOperations,
  registers,
  reports,
  sources,
} from "@taem/ledger/api";
import { members } from "@taem/member/api";

import { clientRoutes } from "@taem/principal/api";
import { definitions } from "@taem/programme/api";
import { expect, test } from "vitest";
import { createInstallation, type TestProgram } from "../support/program.ts";

test("what is served is what is described, so the client knows every route and no other", async () => {
  const described = [
    definitions,
    clientRoutes,
    members,
    memberOperations,
    ordinalOperations,
    accountQueries,
    approvals,
    sources,
    registers,
    lists,
    reports,
  ];
  const routes = [...described.flatMap((group) => Object.values(group)), bulk];
  await using installation = await createInstallation();
  await using program = await installation.start();
  expect(await servedBy(program)).toEqual(routes.map(({ method, path }) => `${method} ${path}`).toSorted());
});

test("a process serves the routes of its services alone", async () => {
  await using installation = await createInstallation();
  const groups = [accountQueries, approvals, sources, registers, lists, reports];
  const queries = groups.flatMap((group) =>
    Object.values(group).map(({ method, path }) => `${method} ${path}`),
  );
  await using ledger = await installation.start({ services: "ledger" });
  expect(await servedBy(ledger)).toEqual(queries.toSorted());
  await using commands = await installation.start({ services: "commands" });
  const served = await servedBy(commands);
  expect(served).toContain(`${bulk.method} ${bulk.path}`);
  expect(served.filter((route) => queries.includes(route))).toEqual([]);
});

async function servedBy({ api }: TestProgram): Promise<string[]> {
  const { paths } = (await api.get("/openapi.json")).body as unknown as { readonly paths: object };
  return Object.entries(paths)
    .filter(([path]) => path.startsWith("/v1/"))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
    .toSorted();
}
