import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { contexts } from "@taem/taem-service";
import { byDefault, gatewayRules } from "./gateway-rules.ts";

/** One address for services that run apart, as an operator's gateway gives it, by the same rules. */
export interface Gateway extends AsyncDisposable {
  readonly url: string;
}

/** Addresses of a service, by its name. */
export type Upstreams = (service: string) => readonly string[];

const RULES = gatewayRules(contexts).map(({ service, pattern }) => ({
  service,
  pattern: new RegExp(pattern),
}));

export async function startGateway(upstreams: Upstreams): Promise<Gateway> {
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    const addresses = upstreams(serviceFor(incoming));
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

function serviceFor({ method, url }: IncomingMessage): string {
  return RULES.find(({ pattern }) => pattern.test(`${method} ${url}`))?.service ?? byDefault;
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
