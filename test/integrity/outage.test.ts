import { Readable } from "node:stream";
import { routeName } from "@taem/http";
import { createTestDatabase, openTcpProxy } from "@taem/postgres/testing";
import { contexts } from "@taem/taem-service";
import { type Answer, Api } from "@taem/testing/api";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { PERMISSIONS } from "@taem/testing/product";
import { type HostedProgram, hostProgram, type ProgramOptions } from "@taem/testing/program";
import { defineProgramme, enrolMany, source, succeeds } from "@taem/testing/programme";
import { type SampleRequest, sampleRequest } from "@taem/testing/sample-request";
import { expect, test } from "vitest";

// Failures: while a server is away callers are told that the service is at fault (500), or where it stands on what; one route of
// many tells it otherwise than all others; what came in before the outage is answered with it.

/** What callers may be told; all of it says to repeat. */
const TRANSIENT: Readonly<Record<string, number>> = {
  unavailable: 503,
  outcome_unknown: 503,
  read_model_behind: 503,
  // It waited behind one that was under way, and was not begun.
  overloaded: 429,
};
/** Members of a problem document. */
const MEMBERS = ["code", "correlationId", "detail", "instance", "retryable", "status", "title", "type"];
const INTERNALS =
  /127\.0\.0\.1|localhost|ECONN|socket|terminated|postgres|esdb|discover|\.ts\b|node_modules/i;

/** What schemas cannot invent: names that there are, and what must be given though each part of it is optional. */
const GIVEN = {
  programme: "shop",
  member: "ext:m-0",
  to: "ext:m-1",
  externalId: "m-0",
  currency: "PTS",
  points: "1",
};
const KEY = source("any");
const MEMBER = "/v1/programmes/shop/members/ext%3Am-0";

const queries = new Set(contexts.flatMap(({ api }) => Object.keys(api?.queries ?? {})));

interface Asked extends SampleRequest {
  readonly isQuery: boolean;
}

/** A request to every route, but to that which takes many lines. */
function requestsTo({ routes }: HostedProgram): readonly Asked[] {
  return routes
    .filter(({ work }) => work.kind === "single")
    .map((route) => {
      // Elsewhere a day, where points go to.
      const to = route.path.endsWith("/transfers") ? "ext:m-1" : "2026-03-31";
      const given = { ...GIVEN, to, source: KEY };
      return { ...sampleRequest(route, given), isQuery: queries.has(routeName(route)) };
    });
}

function sent(api: Api, { method, path, body }: SampleRequest): Promise<Answer> {
  return api.raw(method as "GET", path, body);
}

function expectTold({ path }: SampleRequest, { status, body, headers }: Answer, codes = TRANSIENT): void {
  const { code = "", detail } = body;
  const told = [path, code, detail, status, body.retryable, headers["retry-after"]];
  expect(told).toEqual([path, code, detail, codes[code], true, "1"]);
  expect(Object.keys(body).toSorted()).toEqual(MEMBERS);
  expect(JSON.stringify(body)).not.toMatch(INTERNALS);
}

/** Servers that can be taken from a program that stands on them: it ends without them as well. */
interface Ground extends AsyncDisposable {
  /** Hosts every service; callers are let in without being looked up, unless told. */
  host(options?: ProgramOptions): Promise<HostedProgram & { readonly api: Api }>;
  stopDatabase(): Promise<void>;
  stopStore(): Promise<void>;
}

const CALLER = {
  verify: () => ({
    id: "caller",
    key: "caller-1",
    name: "tester",
    programmes: null,
    permissions: PERMISSIONS,
    systems: ["*"],
  }),
};

async function openGround(log: "PostgreSQL" | "EventStoreDB"): Promise<Ground> {
  await using undo = new AsyncDisposableStack();
  const database = undo.use(await createTestDatabase());
  const proxy = undo.use(await openTcpProxy(database.url));
  const server = log === "EventStoreDB" ? undo.use(await TestServer.start()) : undefined;
  const environment = server && { EVENTSTORE_URL: server.url };
  const opened = undo.move();
  const host = async (options: ProgramOptions) => {
    const more = { ...(environment && { environment }), limits: { requestMs: 1_500 } };
    const program = opened.use(await hostProgram(proxy.url, { ...more, ...options }));
    return { ...program, api: opened.use(new Api(program.url, "any")) };
  };
  return {
    host: (options = { apiKeys: CALLER }) => host(options),
    stopDatabase: () => proxy.close(),
    stopStore: async () => await server?.stop(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** A program that has a programme with two members, and a caller of it. */
async function openShop(ground: Ground) {
  const program = await ground.host();
  const { api } = program;
  const shop = await defineProgramme(api, "shop");
  await enrolMany(api, "shop", "m", 2);
  await succeeds(api.post(`${shop}/members/ext:m-0/earn`, { currency: "PTS", points: "10" }, "first"));
  return { program, api };
}

test("without PostgreSQL, which has the log too, every route of every context says so", async () => {
  await using ground = await openGround("PostgreSQL");
  const { program, api } = await openShop(ground);
  await ground.stopDatabase();
  const requests = requestsTo(program);
  expect(requests.length).toBeGreaterThan(40);
  await Promise.all(
    requests.map(async (request) => {
      const answer = await sent(api, request);
      // That a member is there is true for ever, and remembered.
      if (!(request.path === MEMBER && request.method === "GET")) expectTold(request, answer);
      else expect(answer.status).toBe(200);
    }),
  );
  expect(program.errors).toEqual([]);
});

test("without PostgreSQL, but with the log, every query says so, and commands go on", async () => {
  await using ground = await openGround("EventStoreDB");
  const { program, api } = await openShop(ground);
  await ground.stopDatabase();
  for (const request of requestsTo(program)) {
    const answer = await sent(api, request);
    // Events are asked of the log itself.
    const isOfReadModel = request.isQuery && !request.path.includes("/events?");
    if (isOfReadModel || answer.status >= 500) expectTold(request, answer);
  }
  const earn = { currency: "PTS", points: "10" };
  await succeeds(api.post("/v1/programmes/shop/members/ext:m-1/earn", earn, "second"));
  expect(program.errors).toEqual([]);
});

test("without EventStoreDB every command says so, and queries answer or say so", async () => {
  await using ground = await openGround("EventStoreDB");
  const { program, api } = await openShop(ground);
  await ground.stopStore();
  const requests = requestsTo(program);
  await Promise.all(
    requests.map(async (request) => {
      const answer = await sent(api, request);
      const isCommand = !request.isQuery && request.method !== "GET";
      if (isCommand || answer.status >= 500) expectTold(request, answer);
    }),
  );
  expect(program.errors).toEqual([]);
});

test.each([
  ["PostgreSQL", (ground: Ground) => ground.stopDatabase()],
  ["EventStoreDB", (ground: Ground) => ground.stopStore()],
] as const)(
  "without %s, where the log is, whoever cannot be looked up is told so by every route",
  async (log, stop) => {
    await using ground = await openGround(log);
    const program = await ground.host({});
    await stop(ground);
    for (const [i, request] of requestsTo(program).entries()) {
      const client = i.toString(16).padStart(16, "0");
      await using stranger = new Api(program.url, `taem_${client}-1_${"0".repeat(64)}`);
      expectTold(request, await sent(stranger, request), { unavailable: 503 });
    }
    expect(program.errors).toEqual([]);
  },
);

test("an outage in the middle of a bulk request is that of the lines that come after it", async () => {
  await using ground = await openGround("PostgreSQL");
  const { program, api } = await openShop(ground);
  const bulk = program.routes.find(({ work }) => work.kind === "bulk");
  if (bulk === undefined) throw new Error("there is no bulk route");
  const { body = "" } = sampleRequest(bulk, { ...GIVEN, to: "ext:m-1", source: KEY });
  const kinds = body.split("\n").filter((line) => line !== "");
  expect(kinds.length).toBeGreaterThan(8);
  const answered = Promise.withResolvers<void>();
  async function* lines() {
    const earn = { op: "earn", member: "ext:m-1", currency: "PTS", points: "5", source: source("in time") };
    yield `${JSON.stringify(earn)}\n`;
    await answered.promise;
    await ground.stopDatabase();
    yield body;
  }
  const statuses: number[] = [];
  for await (const { status, problem } of api.bulkStream("shop", Readable.from(lines()))) {
    statuses.push(status);
    answered.resolve();
    if (problem === undefined) continue;
    expect(status).toBe(TRANSIENT[String(problem.code)]);
    expect(JSON.stringify(problem)).not.toMatch(INTERNALS);
  }
  expect(statuses).toEqual([201, ...kinds.map(() => expect.toBeOneOf([429, 503]))]);
  expect(program.errors).toEqual([]);
});
