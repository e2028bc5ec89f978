import { randomUUID } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server as HttpServer } from "node:http";
import { CommandHandler, type EventStore } from "@taem/event-store";
import { MemoryEventStore } from "@taem/event-store/testing/memory-event-store";
import { createServer, fields, PermissionTable, route, type Server } from "@taem/http";
import { ledgerApi, memberOperations } from "@taem/ledger/api";
import { Authenticator, Clients } from "@taem/principal";
import { createHealth, createLogger, createMetrics, systemClock } from "@taem/runtime";
import { z } from "zod";
import { ANSWER, earnRequest } from "./http-rows.ts";
import { requestsOf } from "./memory-connection.ts";
import type { Row } from "./row.ts";

/**
 * Our own server with everything that surrounds a command: authentication of a known key, validation of an earn, limits,
 * metrics, and a log line that goes nowhere. The handler answers at once.
 */
export async function openKit(): Promise<Row> {
  const store = new MemoryEventStore();
  const permissions = new PermissionTable(ledgerApi.permissions);
  const server = createServer({
    info: { title: "Micro", version: "1", description: "One route." },
    routes: [earnRoute()],
    permissions,
    apiKeys: new Authenticator({ store, permissions, clock: systemClock, uses: { note: () => {} } }),
    logger: createLogger({ service: "micro", level: "info", destination: { write: () => {} } }),
    metrics: createMetrics(),
    health: createHealth(),
  });
  return requestsOf(await listening(server), earnRequest(await tokenIn(store)));
}

function earnRoute() {
  return route({
    method: "POST",
    path: "/v1/programmes/{programme}/members/{member}/earn",
    permission: ["earn", "opening"],
    tag: "micro",
    summary: "Earn",
    params: { programme: fields.programmeCode, member: fields.memberRef },
    headers: { "idempotency-key": fields.idempotencyKey.optional() },
    body: memberOperations.earn.body,
    responses: { 201: { description: "Earned.", schema: z.any() } },
    handler: async () => ({ status: 201, body: ANSWER }),
  });
}

/** The server of Node inside ours, which hands it out to nobody else. */
async function listening(server: Server): Promise<HttpServer> {
  let inner: HttpServer | undefined;
  const take = (message: unknown) => {
    inner = (message as { readonly server: HttpServer }).server;
  };
  subscribe("tracing:net.server.listen:asyncStart", take);
  await server.listen(0, "127.0.0.1");
  unsubscribe("tracing:net.server.listen:asyncStart", take);
  if (inner === undefined) throw new Error("this Node does not tell of servers that listen");
  return inner;
}

async function tokenIn(store: EventStore): Promise<string> {
  const handler = new CommandHandler({ store, newId: randomUUID, now: () => 0 });
  const clients = new Clients({ handler, now: () => Date.now() });
  const client = { name: "till 4", programme: null, permissions: ["earn", "read"], systems: ["*"] };
  const asking = { actor: "operator (micro)", correlation: randomUUID(), deadline: 1 };
  const { token } = await clients.create(client, asking);
  await handler.close();
  return token;
}
