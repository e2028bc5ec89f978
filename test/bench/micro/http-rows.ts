import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import express from "express";
import { singleRequests } from "../requests.ts";
import { requestsOf } from "./memory-connection.ts";
import type { Row } from "./row.ts";

/** What all HTTP servers are sent, and what they answer: an earn by spend, as the canonical workload has it. */

export const ANSWER = {
  member: "019a51d2-7c3e-7b4a-9f00-5d2c1e8a4b61",
  currency: "POINT",
  effect: { kind: "earned", points: "50", lot: 17 },
  balance: { available: "1250", pending: "0", held: "0" },
  token: "k1.Yd3t0m5b6cJvQx2n8w4sPz7r",
  replayed: false,
};

export function earnRequest(token: string): string {
  return singleRequests(token, () => ({
    op: "earn",
    member: "ext:C-1044",
    currency: "POINT",
    spend: { amount: "125000", currency: "THB", rule: "base" },
    source: { system: "bench", id: "1-536365" },
  }))();
}

const TOKEN = `taem_${"1".repeat(16)}-1_${"2".repeat(64)}`;

/** Node's own server: reads and parses the body, and writes the answer with the headers that ours has. */
export function openNodeHttp(): Row {
  return requestsOf(createServer(answer), earnRequest(TOKEN));
}

/** The same behind a route of Express, configured as ours. */
export function openExpress(): Row {
  const app = express();
  app.disable("x-powered-by");
  app.set("query parser", false);
  app.post("/v1/programmes/:programme/members/:member/earn", answer);
  return requestsOf(createServer(app), earnRequest(TOKEN));
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.once("end", () => {
    JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const content = JSON.stringify(ANSWER);
    response
      .writeHead(201, {
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-correlation-id": "019a51d2-7c3e-4b4a-9f00-5d2c1e8a4b61",
        "content-length": Buffer.byteLength(content),
      })
      .end(content);
  });
}
