import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { accountQueries, approvals, lists, registers, reports, sources } from "@taem/ledger/api";
import { principalApi } from "@taem/principal/api";

/** One address for services that run apart, as an operator's gateway gives it: queries to one, everything else to the others. */
export interface Gateway extends AsyncDisposable {
  readonly url: string;
}

export interface Upstreams {
  /** Addresses of the ledger service. */
  ledger(): readonly string[];
  /** Addresses of the commands service. */
  commands(): readonly string[];
}

const LEDGER = {
  ...accountQueries,
  ...approvals,
  ...sources,
  ...registers,
  ...lists,
  ...reports,
  ...principalApi.queries,
};
const QUERIES = Object.values(LEDGER).map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`),
}));

export async function startGateway(upstreams: Upstreams): Promise<Gateway> {
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    const addresses = isQuery(incoming) ? upstreams.ledger() : upstreams.commands();
    const address = addresses[turn++ % addresses.length];
    if (address === undefined) outgoing.writeHead(502).end();
    else forward(address, incoming, outgoing);
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function isQuery({ method, url = "" }: IncomingMessage): boolean {
  const [path = ""] = url.split("?");
  return QUERIES.some((query) => query.method === method && query.pattern.test(path));
}

/** A service that goes away in the middle takes the caller's connection with it: what happened is not known. */
function forward(address: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url = "", headers } = incoming;
  const onward = request(new URL(url, address), { method, headers });
  onward.on("response", (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
    answer.on("error", () => outgoing.destroy());
  });
  onward.on("error", () => outgoing.destroy());
  outgoing.on("close", () => onward.destroy());
  incoming.pipe(onward);
}
