import { contexts } from "@taem/taem-service";
import { servedBy } from "@taem/testing/gateway-rules";
import { createInstallation, type TestProgram } from "@taem/testing/program";
import { expect, test } from "vitest";

const described = (part: "commands" | "queries") =>
  contexts.flatMap(({ api }) => Object.keys(api?.[part] ?? {}));
const commands = described("commands").toSorted();
const queries = described("queries").toSorted();

test("what is served is what is described, so the client knows every route and no other", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start();
  expect(await routesOf(program)).toEqual([...commands, ...queries].toSorted());
});

test("a process serves the routes of its services alone", async () => {
  await using installation = await createInstallation();
  await using ledger = await installation.start({ services: servedBy.queries });
  expect(await routesOf(ledger)).toEqual(queries);
  await using writer = await installation.start({ services: servedBy.commands });
  expect(await routesOf(writer)).toEqual(commands);
});

async function routesOf({ api }: TestProgram): Promise<string[]> {
  const { paths } = (await api.get("/openapi.json")).body as unknown as { readonly paths: object };
  return Object.entries(paths)
    .filter(([path]) => path.startsWith("/v1/"))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
    .toSorted();
}
