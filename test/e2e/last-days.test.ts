import { createInstallation } from "@taem/testing/program";
import { defineProgramme, enrolMany, source, succeeds } from "@taem/testing/programme";
import { expect, test } from "vitest";

// Every instant that ends something says that it is exclusive, and in an answer has the last day beside it: whoever reads
// "expires 2026-04-01T00:00" would print a day too many.

interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly [keyword: string]: unknown;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Operation {
  readonly requestBody?: unknown;
  readonly responses: unknown;
}

const COMPONENTS = "#/components/schemas/";

/** Names that ends go by. */
const END =
  /^(expires|expired|ends|ended|end|dies|lapses|timeout|valid|available|open|held)(At|Until|To|On)?$|(Until|Expiry|ExpiresAt|EndsAt)$/;
/** API keys are of no programme's zone. */
const WITHOUT_ZONE = /^(GET|PUT|POST) \/v1\/clients/;

/** Every object that a part of the document describes, with what leads to it. */
function* objectsIn(
  document: Document,
  part: unknown,
  path: string,
  seen = new Set<string>(),
): Iterable<[string, Schema]> {
  if (typeof part !== "object" || part === null) return;
  const schema = part as Schema;
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace(COMPONENTS, "");
    if (!seen.has(name)) {
      seen.add(name);
      yield* objectsIn(document, document.components.schemas[name], `${path} ${name}`, seen);
    }
  }
  if (schema.properties !== undefined) yield [path, schema];
  for (const [key, value] of Object.entries(schema)) {
    if (key !== "examples") yield* objectsIn(document, value, `${path}.${key}`, seen);
  }
}

/** Everything that is said of a field itself, also where it is one of several kinds; nothing of what it holds. */
function words(document: Document, schema: Schema): string {
  const { $ref, description = "", format = "" } = schema;
  const named =
    $ref === undefined ? [] : [document.components.schemas[$ref.replace(COMPONENTS, "")] as Schema];
  const kinds = ["anyOf", "oneOf", "allOf"].flatMap((key) => (schema[key] ?? []) as Schema[]);
  const inner = [...named, ...kinds].map((one) => words(document, one));
  return [description, format, ...inner].join(" ");
}

const isInstant = (text: string) => text.split(" ").includes("date-time");
const isExclusive = (text: string) => text.includes("xclusive");

/** The fields of an object that are instants, and end something by their name or by what is said of them. */
function endsOf(document: Document, { properties = {} }: Schema): [string, string][] {
  return Object.entries(properties)
    .map(([name, schema]): [string, string] => [name, words(document, schema)])
    .filter(([name, text]) => isInstant(text) && (END.test(name) || isExclusive(text)));
}

function faultsOf(document: Document): { readonly ends: number; readonly faults: string[] } {
  const faults: string[] = [];
  let ends = 0;
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { requestBody, responses }] of Object.entries(methods)) {
      const route = `${method.toUpperCase()} ${path}`;
      for (const [what, part] of Object.entries({ requestBody, responses })) {
        for (const [where, schema] of objectsIn(document, part, what)) {
          for (const [name, text] of endsOf(document, schema)) {
            ends++;
            if (!isExclusive(text))
              faults.push(`${route} ${where}: ${name} does not say that it is exclusive`);
            const needsDay = what === "responses" && !WITHOUT_ZONE.test(route);
            if (needsDay && schema.properties?.["lastDay"] === undefined)
              faults.push(`${route} ${where}: ${name} has no lastDay beside it`);
          }
        }
      }
    }
  }
  return { ends, faults };
}

test("every end of the API says that it is exclusive, and an answer's has its last day beside it", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start();
  const document = (await program.api.get("/openapi.json")).body as unknown as Document;
  const { ends, faults } = faultsOf(document);
  expect(faults).toEqual([]);
  expect(ends).toBeGreaterThan(30);
});

test("an end that says nothing, or stands alone, is found by its name and by its words", () => {
  const instant = { type: "string", format: "date-time" };
  const of = (properties: Readonly<Record<string, Schema>>): Document => ({
    components: { schemas: { Instant: instant, Lot: { type: "object", properties } } },
    paths: { "/v1/lots": { get: { responses: { 200: { schema: { $ref: "#/components/schemas/Lot" } } } } } },
  });
  const found = (properties: Readonly<Record<string, Schema>>) => faultsOf(of(properties)).faults.length;
  const exclusive = { $ref: "#/components/schemas/Instant", description: "When it is over. Exclusive." };
  expect(found({ expiresAt: { anyOf: [{ $ref: "#/components/schemas/Instant" }, { type: "null" }] } })).toBe(
    2,
  );
  for (const name of ["availableUntil", "timeoutAt", "endsAt", "expiredAt", "validTo"])
    expect(found({ [name]: instant })).toBe(2);
  expect(found({ at: exclusive })).toBe(1);
  expect(found({ at: exclusive, lastDay: { type: "string" } })).toBe(0);
  expect(found({ recordedAt: instant })).toBe(0);
});

test("the last day of a lot is the day that its expiry is accounted on, and of a hold the last that it holds", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start();
  const { api } = program;
  // Noon in Bangkok.
  const shop = await defineProgramme(api, "days", { clock: { mode: "replay", at: "2026-03-10T05:00:00Z" } });
  const [member] = (await enrolMany(api, "days", "member", 1)) as [string];
  const path = `${shop}/members/${member}`;
  let no = 0;
  let token = "";
  const does = async (route: string, body: object) => {
    const answer = await succeeds(
      api.post(`${path}/${route}`, { currency: "PTS", ...body, source: source(`${no++}`) }),
    );
    token = String(answer.body.token);
    return answer.body.effect;
  };
  const asked = async (route: string) =>
    (await succeeds(api.get(`${route}?currency=PTS&token=${token}`))).body as unknown as {
      readonly items: readonly Readonly<Record<string, unknown>>[];
      readonly nextExpiry: unknown;
    };
  const moveTo = (at: string) => succeeds(api.put(`${shop}/clock`, { mode: "replay", at }));

  const ends: readonly (readonly [expiresAt: string | null, lastDay: string | null])[] = [
    ["2026-03-12T17:00:00.000Z", "2026-03-12"],
    ["2026-03-31T16:59:59.999Z", "2026-03-31"],
    ["2026-04-30T17:00:00.000Z", "2026-04-30"],
    ["2026-05-31T17:00:00.001Z", "2026-06-01"],
    [null, null],
  ];
  for (const [expiresAt, lastDay] of ends) {
    const { credited } = await does("earn", { points: "10", expiresAt });
    expect(credited).toMatchObject([{ expiresAt, lastDay }]);
  }
  const { hold } = await does("holds", { points: "4", timeoutSeconds: 3 * 86_400 + 12 * 3_600 });
  const until = { timeoutAt: "2026-03-13T17:00:00.000Z", lastDay: "2026-03-13" };
  expect(hold).toMatchObject(until);
  const { adjustment } = await does("adjustments", { direction: "credit", points: "1", reason: "goodwill" });
  const lapses = { expiresAt: "2026-04-09T05:00:00.000Z", lastDay: "2026-04-09" };
  expect(adjustment).toMatchObject(lapses);

  expect((await asked(`${path}/lots`)).items.map((lot) => [lot["expiresAt"], lot["lastDay"]])).toEqual(ends);
  expect((await asked(`${path}/balance`)).nextExpiry).toEqual({
    at: ends[0]?.[0],
    lastDay: "2026-03-12",
    points: "6",
  });
  expect((await asked(`${shop}/holds`)).items).toMatchObject([until]);
  expect((await succeeds(api.get(`${shop}/approvals?token=${token}`))).body).toMatchObject({
    items: [lapses],
  });
  await moveTo("2026-03-13T05:00:00Z");
  expect((await asked(`${shop}/held-past-expiry`)).items).toMatchObject([
    { expiredAt: ends[0]?.[0], lastDay: "2026-03-12" },
  ]);

  await moveTo("2026-07-01T05:00:00Z");
  await does("earn", { points: "1", expiresAt: null });
  const expiries = (await asked(`${path}/statement`)).items.filter(({ kind }) => kind === "expiry").reverse();
  // What was held of the first lot expires as the hold ends.
  const days = ["2026-03-12", "2026-03-14", "2026-03-31", "2026-04-30", "2026-06-01"];
  expect(expiries.map(({ accountingDate }) => accountingDate)).toEqual(days);
});
