import { openPool } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { randomId } from "@taem/runtime";

/** An empty database with two roles: who makes its tables, and who works in them. */
export interface RolesApart extends AsyncDisposable {
  /** As a superuser. */
  readonly url: string;
  readonly ownerUrl: string;
  readonly owner: string;
  readonly workerUrl: string;
  readonly worker: string;
}

const PASSWORD = "of-a-test";

/** As README has an operator make them. */
export async function openRolesApart(): Promise<RolesApart> {
  await using undo = new AsyncDisposableStack();
  const suffix = randomId().replaceAll("-", "").slice(0, 12);
  const [owner, worker] = [`owner_${suffix}`, `worker_${suffix}`];
  const database = await createTestDatabase();
  const url = new URL(database.url);
  const asServer = new URL(url);
  asServer.pathname = "/postgres";
  await using admin = openPool({ url: asServer.href, max: 1, applicationName: "test-admin" });
  await admin.query(`CREATE ROLE ${owner} LOGIN PASSWORD '${PASSWORD}'`);
  await admin.query(`CREATE ROLE ${worker} LOGIN PASSWORD '${PASSWORD}'`);
  await admin.query(`GRANT ${worker} TO ${owner}`);
  await admin.query(`ALTER DATABASE ${database.name} OWNER TO ${owner}`);
  undo.defer(async () => {
    await database.drop();
    await using last = openPool({ url: asServer.href, max: 1, applicationName: "test-admin" });
    await last.query(`DROP ROLE ${owner}, ${worker}`);
  });
  const opened = undo.move();
  return {
    url: url.href,
    ownerUrl: asRole(url, owner),
    owner,
    workerUrl: asRole(url, worker),
    worker,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function asRole(url: URL, role: string): string {
  const other = new URL(url);
  other.username = role;
  other.password = PASSWORD;
  return other.href;
}
