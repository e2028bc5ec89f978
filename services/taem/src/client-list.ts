import { openToolPlatform, readConfig } from "@taem/host";
import { fields } from "@taem/http";
import { type ApiKey, type Client, clientsAfter, isLive, KeyUses, keyId, readClients } from "@taem/principal";
import { OperatorError } from "@taem/runtime";
import { contexts } from "./contexts.ts";
import { type Column, table } from "./text-table.ts";

const COLUMNS: readonly Column[] = [
  "client",
  "name",
  "programme",
  "permissions",
  "systems",
  "key",
  "state",
  "expires",
  "networks",
  "last used",
].map((title) => ({ title, align: "left" }));
const PAGE = 100;
const NONE = "-";

/**
 * Prints each API key of each client, a line each; a client without one has a line, too. Throws `clients_not_listed` where no
 * ledger has projected them.
 */
export async function listClients(
  programme: string | undefined,
  print: (line: string) => void,
): Promise<void> {
  await using platform = await openToolPlatform(readConfig(process.env), contexts);
  await using undo = new AsyncDisposableStack();
  const uses = undo.adopt(new KeyUses(platform.database, platform.logger), (opened) => opened.close());
  const now = platform.clock.now();
  const lines: string[][] = [];
  for (let after = ""; ; ) {
    const ids = await clientsAfter(
      platform.database,
      programme === undefined ? null : [programme],
      PAGE,
      after,
    );
    if (ids === undefined) throw notListed();
    const clients = await readClients(platform.store, ids);
    const keys = clients.flatMap((client) =>
      [...client.keys.keys()].map((no) => keyId({ client: client.id, no })),
    );
    const lastUses = await uses.lastUses(keys);
    for (const client of clients) lines.push(...linesOf(client, lastUses, now));
    if (ids.length < PAGE) break;
    after = ids.at(-1) as string;
  }
  for (const line of table(COLUMNS, lines)) print(line);
}

function notListed(): OperatorError {
  return new OperatorError(
    "clients_not_listed",
    "no ledger of this version has projected the clients yet: `taem rebuild clients`, or start one, and list them then",
  );
}

function linesOf(client: Client, lastUses: ReadonlyMap<string, number>, now: number): string[][] {
  const { id, name, programme, permissions, systems, keys, isRevoked } = client;
  const own = [
    id,
    name,
    programme ?? "(all)",
    permissions.join(",") || NONE,
    systems === null ? "(unclaimed)" : systems.join(",") || NONE,
  ];
  if (keys.size === 0) return [[...own, NONE, isRevoked ? "revoked" : NONE, NONE, NONE, NONE]];
  return [...keys.values()].map((key) => {
    const { no, expiresAt, addresses } = key;
    const used = lastUses.get(keyId({ client: id, no }));
    const networks = addresses?.join(",") ?? "(any)";
    return [...own, String(no), stateOf(client, key, now), textOf(expiresAt), networks, textOf(used)];
  });
}

function stateOf(client: Client, key: ApiKey, now: number): string {
  if (client.isRevoked || key.isRevoked) return "revoked";
  return isLive(client, key, now) ? "live" : "over";
}

function textOf(instant: number | undefined): string {
  return instant === undefined ? NONE : fields.formatInstant(instant);
}
