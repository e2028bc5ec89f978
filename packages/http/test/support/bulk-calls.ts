import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { expect } from "vitest";
import type { BulkLine } from "./bulk-route.ts";
import type { Sample } from "./sample-server.ts";

export const PATH = "/v1/programmes/the-1/commands";

export interface Answered {
  readonly line: number;
  readonly status: number;
  readonly result?: { readonly balance: string };
  readonly problem?: { readonly code: string };
}

export function answersIn(text: string): Answered[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Answered);
}

export async function send(sample: Sample, body: string | Uint8Array): Promise<Answered[]> {
  const response = await fetch(sample.url + PATH, {
    method: "POST",
    headers: { authorization: `Bearer ${sample.token()}`, "content-type": "application/x-ndjson" },
    body: body as string,
  });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/x-ndjson");
  return answersIn(await response.text());
}

export function lines(count: number): string {
  return Array.from({ length: count }, (_, i) => `{"member":"ext:m","points":"${i + 1}"}\n`).join("");
}

/** A bulk request whose lines are sent one by one. */
export async function opened(
  sample: Sample,
  token = sample.token(),
): Promise<{ request: ClientRequest; response: Promise<IncomingMessage> }> {
  const request = httpRequest(sample.url + PATH, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/x-ndjson" },
  });
  request.flushHeaders();
  request.on("error", () => undefined); // some of these requests are broken off on purpose
  const response = once(request, "response").then(([message]) => message as IncomingMessage);
  return { request, response };
}

/** A handler that holds every line until `release`. */
export function held() {
  const gate = Promise.withResolvers<void>();
  const taken: BulkLine[] = [];
  const work = async (line: BulkLine) => {
    taken.push(line);
    await gate.promise;
  };
  return { taken, work, release: () => gate.resolve() };
}
