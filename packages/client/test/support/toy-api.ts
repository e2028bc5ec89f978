import {
  ApiError,
  type ApiKeys,
  bulkRoute,
  createServer,
  fields,
  final,
  type LineAnswer,
  later,
  type OwnProblem,
  PermissionTable,
  ProblemTable,
  route,
} from "@taem/http";
import { createHealth, createLogger, createMetrics } from "@taem/runtime";
import { z } from "zod";
import type { BulkLine } from "../../src/index.ts";

/** The real HTTP server in front of routes that only count what is done. */
export interface ToyApi extends AsyncDisposable {
  readonly url: string;
  /** External ids in the order in which their enrolments arrived, repetitions too. */
  readonly arrived: string[];
  /** Idempotency keys of the earns that arrived. */
  readonly keys: (string | undefined)[];
}

const toyProblems = {
  member_unknown: final(404, "Enrol the member first."),
  origin_unknown: later(422, "Send it again after the sale."),
};
type ToyProblem = keyof typeof toyProblems | OwnProblem;
const ToyError = ApiError<ToyProblem>;

export type Behaviour = (id: string, arrivals: number) => Promise<ToyProblem | undefined> | undefined;

export const KEY = "toy-key";

const apiKeys: ApiKeys = {
  verify: (token) =>
    token === KEY
      ? {
          ...{ id: "k", key: "k-1", name: "toy", programmes: null, systems: null },
          permissions: ["earn"] as const,
        }
      : undefined,
};

/** `behave` may hold an answer back, or name the problem that an arrival is answered with. */
export async function openToyApi(behave: Behaviour = () => undefined): Promise<ToyApi> {
  const arrived: string[] = [];
  const keys: (string | undefined)[] = [];
  const arrive = async (id: string) => {
    arrived.push(id);
    const problem = await behave(id, arrived.filter((other) => other === id).length);
    if (problem !== undefined) throw new ToyError(problem);
  };
  const server = createServer({
    info: { title: "Toy", version: "1", description: "For tests." },
    routes: [toyBulk(arrive), toyEarn(arrive, keys)],
    problems: new ProblemTable(toyProblems),
    permissions: new PermissionTable({ earn: { allows: "enrol and earn" } }),
    apiKeys,
    logger: createLogger({ service: "toy", level: "silent" }),
    metrics: createMetrics(),
    health: createHealth(),
    limits: { closeMs: 1_000 },
  });
  const url = await server.listen(0, "127.0.0.1");
  return { url, arrived, keys, [Symbol.asyncDispose]: () => server.close() };
}

const params = { programme: fields.programmeCode };
const problems = ["overloaded", "member_unknown"] as const;

function toyBulk(arrive: (id: string) => Promise<void>) {
  const line = z.strictObject({ op: z.literal("enrol"), externalId: fields.externalId });
  const result = z.strictObject({ member: z.string(), enrolledAt: z.string() });
  return bulkRoute({
    method: "POST",
    path: "/v1/programmes/{programme}/commands",
    permission: "earn",
    tag: "toy",
    summary: "Toy",
    params,
    line,
    result,
    problems,
    open:
      () =>
      async ({ externalId }) => {
        await arrive(externalId);
        const answer: LineAnswer<z.input<typeof result>> = {
          status: 201,
          body: { member: externalId, enrolledAt: "1970-01-01T00:00:00.000Z" },
        };
        return answer;
      },
  });
}

function toyEarn(arrive: (id: string) => Promise<void>, keys: (string | undefined)[]) {
  return route({
    method: "POST",
    path: "/v1/programmes/{programme}/members/{member}/earn",
    permission: "earn",
    tag: "toy",
    summary: "Toy",
    params: { ...params, member: z.string() },
    headers: { "idempotency-key": z.string().optional() },
    body: z.strictObject({ currency: fields.currencyCode, points: fields.amount }),
    responses: { 201: { description: "Done.", schema: z.strictObject({ member: z.string() }) } },
    problems,
    handler: async ({ params: { member }, headers }) => {
      keys.push(headers["idempotency-key"]);
      await arrive(member);
      return { status: 201, body: { member } };
    },
  });
}

export function enrolment(id: string): BulkLine & { readonly op: "enrol" } {
  return { op: "enrol", externalId: id };
}

export function enrolments(count: number): (BulkLine & { readonly op: "enrol" })[] {
  return Array.from({ length: count }, (_, i) => enrolment(`m${i}`));
}
