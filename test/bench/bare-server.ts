import { type Platform, permissionsOf } from "@taem/host";
import { bulkRoute, createServer, fields, type Route, route } from "@taem/http";
import { bulk, memberOperations } from "@taem/ledger/api";
import type { Database } from "@taem/postgres";
import { Authenticator } from "@taem/principal";
import { z } from "zod";

/**
 * The ceiling that the commands service is held against: the same HTTP kit with the same validation, authentication and
 * logging, and a group commit of what came in. No domain: nothing is read, decided or checked.
 */
export async function startBareServer(
  platform: Platform,
  port: number,
): Promise<AsyncDisposable & { url: string }> {
  const { database, store, clock, logger, metrics, health } = platform;
  await database.query(
    "DROP TABLE IF EXISTS bare; CREATE TABLE bare (position bigserial PRIMARY KEY, member text, payload text)",
  );
  const commit = new GroupCommit(database);
  const permissions = permissionsOf(platform.contexts);
  const server = createServer({
    info: { title: "Bare", version: "1", description: "A ceiling." },
    routes: [...bareRoutes(commit)],
    permissions,
    apiKeys: new Authenticator({ store, clock, permissions }),
    logger,
    metrics,
    health,
  });
  const url = await server.listen(port, "127.0.0.1");
  return { url, [Symbol.asyncDispose]: () => server.close() };
}

const answer = z.strictObject({ position: z.string() });
const params = { programme: fields.programmeCode, member: fields.memberRef };
const PATH = "/v1/programmes/{programme}/members/{member}";

function bareRoutes(commit: GroupCommit): Route[] {
  const insert = async (member: object, body: object) => ({
    status: 201 as const,
    body: { position: await commit.insert(JSON.stringify(member), JSON.stringify(body, asText)) },
  });
  const one = (path: string, body: z.ZodType) =>
    route({
      method: "POST",
      path: `${PATH}/${path}` as typeof PATH,
      permission: ["earn", "burn"],
      tag: "bare",
      summary: path,
      params,
      headers: { "idempotency-key": fields.idempotencyKey.optional() },
      body,
      responses: { 201: { description: "Stored.", schema: answer } },
      handler: ({ params: { member }, body: given }) => insert(member, given as object),
    });
  return [
    one("earn", memberOperations.earn.body),
    one("burn", memberOperations.burn.body),
    one("transfers", memberOperations.transfer.body),
    bulkRoute({
      method: "POST",
      path: "/v1/programmes/{programme}/commands",
      permission: ["earn", "burn"],
      tag: "bare",
      summary: "many",
      params: { programme: fields.programmeCode },
      line: bulk.line,
      result: answer,
      open: () => (line) => insert({}, line),
    }),
  ];
}

function asText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

interface Waiting {
  readonly member: string;
  readonly payload: string;
  readonly resolve: (position: string) => void;
  readonly reject: (error: unknown) => void;
}

/** One insert in flight; what arrives meanwhile goes into the next. */
class GroupCommit {
  readonly #database: Database;
  #waiting: Waiting[] = [];
  #flushing = false;

  constructor(database: Database) {
    this.#database = database;
  }

  insert(member: string, payload: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#waiting.push({ member, payload, resolve, reject });
    if (!this.#flushing) void this.#run();
    return promise;
  }

  async #run(): Promise<void> {
    this.#flushing = true;
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#flush(this.#waiting.splice(0, 1024));
    this.#flushing = false;
  }

  async #flush(batch: readonly Waiting[]): Promise<void> {
    try {
      const rows = await this.#database.queryArrays<[bigint]>(INSERT, [
        batch.map(({ member }) => member),
        batch.map(({ payload }) => payload),
      ]);
      for (const [i, { resolve }] of batch.entries()) resolve(String(rows[i]?.[0]));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

const INSERT = {
  name: "bare_insert",
  text: "INSERT INTO bare (member, payload) SELECT * FROM unnest($1::text[], $2::text[]) RETURNING position",
};
