import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";

export interface SilentCopy extends AsyncDisposable {
  /** Resolves when the server has ended the connection. */
  readonly ended: Promise<void>;
}

/** A transaction as a process leaves it that is held within a COPY: what it has locked stays locked. */
export async function openSilentCopy(url: string, statement: string, table: string): Promise<SilentCopy> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  const ended = new Promise<void>((resolve) => client.once("end", resolve));
  await client.query("BEGIN");
  await client.query(statement);
  const copy = client.query(copyFrom(`COPY ${table} FROM STDIN`));
  copy.on("error", () => {});
  return { ended, [Symbol.asyncDispose]: () => client.end() };
}
