import { randomUUID } from "node:crypto";
import { Appender } from "./appender.ts";
import { Connection, type HostGuard } from "./connection.ts";
import { bytesOf, textOf } from "./event-messages.ts";
import { toReadFailure } from "./failures.ts";
import { readHead } from "./log-reader.ts";
import { collect, streamRequest } from "./read-calls.ts";
import { TIMING } from "./timing.ts";

const ADMINS = "$admins";

interface Rule {
  readonly stream: string;
  readonly type: string;
  readonly data: string;
}

/** Who may read the log, and the default of all streams: one user reads and writes, and deletes and hides nothing. */
function rulesFor(user: string): readonly Rule[] {
  const both = [user, ADMINS];
  const defaults = {
    $userStreamAcl: { $r: both, $w: [user], $d: ADMINS, $mr: both, $mw: ADMINS },
    $systemStreamAcl: { $r: ADMINS, $w: ADMINS, $d: ADMINS, $mr: ADMINS, $mw: ADMINS },
  };
  return [
    { stream: "$$$all", type: "$metadata", data: JSON.stringify({ $acl: { $r: both } }) },
    { stream: "$settings", type: "update-default-acl", data: JSON.stringify(defaults) },
  ];
}

/**
 * Has a server let one user append, read and follow, and nobody but its administrators delete a stream or hide its beginning. `url`
 * is an administrator's. May run again. Administrators pass every rule, and a server without users asks nobody.
 */
export async function restrictAccess(url: string, user: string, guard?: HostGuard): Promise<void> {
  const connection = new Connection(url, guard);
  try {
    const appender = new Appender(connection, TIMING, await readHead(connection, TIMING.silence));
    for (const rule of rulesFor(user)) while (!(await isWritten(connection, appender, rule)));
  } catch (error) {
    throw toReadFailure(error);
  } finally {
    await connection.close();
  }
}

/** False where somebody else wrote meanwhile. */
async function isWritten(
  connection: Connection,
  appender: Appender,
  { stream, type, data }: Rule,
): Promise<boolean> {
  const request = streamRequest({ stream, from: undefined, count: 1 });
  const [newest] = await collect(connection, request, TIMING.silence);
  if (newest !== undefined && textOf(newest.getData_asU8()) === data) return true;
  const { stored } = await appender.attempt({
    stream,
    expectedRevision: newest === undefined ? 0 : Number(newest.getStreamRevision()) + 1,
    events: [{ id: randomUUID(), type, data: bytesOf(data), metadata: bytesOf("") }],
  });
  return stored;
}
