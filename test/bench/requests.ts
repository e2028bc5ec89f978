import type { WorkloadLine } from "@taem/simulation";
import type { NextRequest } from "./load-generator.ts";

/** Lines of the workload as HTTP requests. A few microseconds each: the generator shares the cores with the server. */

export const PROGRAMME = "bench";
const BASE = `/v1/programmes/${PROGRAMME}`;
const PATHS = { earn: "earn", burn: "burn", transfer: "transfers" } as const;

/** Tells what comes next, for ever. */
export type NextLine = () => WorkloadLine;

export function lineAfterLine(lines: Iterable<WorkloadLine>): NextLine {
  const iterator = lines[Symbol.iterator]();
  return () => iterator.next().value as WorkloadLine;
}

/** A command a request. */
export function singleRequests(token: string, next: NextLine): NextRequest {
  return () => {
    const { op, member, ...body } = next();
    const path = `${BASE}/members/${member}/${PATHS[op]}`;
    return request(path, token, "application/json", JSON.stringify(body));
  };
}

/** So many commands a request. */
export function bulkRequests(token: string, next: NextLine, lines: number): NextRequest {
  return () => {
    let body = "";
    for (let i = 0; i < lines; i++) body += `${JSON.stringify(next())}\n`;
    return request(`${BASE}/commands`, token, "application/x-ndjson", body);
  };
}

function request(path: string, token: string, type: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
