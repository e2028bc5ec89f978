import type { NextRequest } from "./load-generator.ts";

/**
 * The canonical workload: 80 % earn by rule, 15 % burn, 5 % transfer, over accounts of which a tenth takes half of
 * the traffic. Every request has a key of its own.
 */
export interface WorkloadOptions {
  readonly token: string;
  readonly members: number;
  /** Tells the keys of this run from those of others. */
  readonly run: string;
}

const PROGRAMME = "bench";
const BASE = `/v1/programmes/${PROGRAMME}`;
const CURRENCY = "PTS";

/** Deterministic, fast, good enough to spread load (Marsaglia's xorshift32). */
function randomNumbers(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

interface Operation {
  readonly op: "earn" | "burn" | "transfer";
  readonly member: string;
  readonly fields: string;
}

/** Operations without end; `fields` is the body's JSON without its braces. */
function operations({ members, run }: WorkloadOptions, seed = 1): () => Operation {
  const random = randomNumbers(seed);
  const member = () => `ext:M-${Math.floor(random() ** 3 * members)}`;
  let count = 0;
  return () => {
    const source = `"source":{"system":"pos","id":"${run}-${++count}"}`;
    const kind = random();
    const whose = member();
    if (kind < 0.8) {
      const spend = `"spend":{"amount":"${2_500 + Math.floor(random() * 500_000)}","currency":"THB","rule":"base"}`;
      return { op: "earn", member: whose, fields: `"currency":"${CURRENCY}",${spend},${source}` };
    }
    if (kind < 0.95) {
      return {
        op: "burn",
        member: whose,
        fields: `"currency":"${CURRENCY}","points":"${1 + Math.floor(random() * 5)}",${source}`,
      };
    }
    let to = member();
    while (to === whose) to = member();
    return {
      op: "transfer",
      member: whose,
      fields: `"currency":"${CURRENCY}","points":"1","to":"${to}",${source}`,
    };
  };
}

const PATHS = { earn: "earn", burn: "burn", transfer: "transfers" } as const;

/** One request a command. */
export function singleRequests(options: WorkloadOptions, next = operations(options)): NextRequest {
  return () => {
    const { op, member, fields } = next();
    return request(
      `${BASE}/members/${member}/${PATHS[op]}`,
      options.token,
      "application/json",
      `{${fields}}`,
    );
  };
}

/** Transfers between any two accounts. */
export function transfersOnly(options: WorkloadOptions): NextRequest {
  const next = operations(options);
  return singleRequests(options, () => {
    for (let operation = next(); ; operation = next()) if (operation.op === "transfer") return operation;
  });
}

/** Burns of one point, all of the same account. */
export function hotBurns(options: WorkloadOptions): NextRequest {
  let count = 0;
  return singleRequests(options, () => ({
    op: "burn",
    member: "ext:M-1",
    fields: `"currency":"${CURRENCY}","points":"1","source":{"system":"pos","id":"${options.run}-${++count}"}`,
  }));
}

/** Many commands a request. */
export function bulkRequests(
  options: WorkloadOptions,
  lines: number,
  next = operations(options),
): NextRequest {
  return () => {
    let body = "";
    for (let i = 0; i < lines; i++) {
      const { op, member, fields } = next();
      body += `{"op":"${op}","member":"${member}",${fields}}\n`;
    }
    return request(`${BASE}/commands`, options.token, "application/x-ndjson", body);
  };
}

function request(path: string, token: string, type: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** Defines the programme and enrols the members, each with points to spend. */
export async function prepare(url: string, { token, members }: WorkloadOptions): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const put = async (path: string, body: object): Promise<void> => {
    const answer = await fetch(`${url}${BASE}${path}`, {
      method: "PUT",
      headers,
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`PUT ${path}: ${await answer.text()}`);
  };
  await put("", { name: "Benchmark", zone: "Asia/Bangkok" });
  await put(`/currencies/${CURRENCY}`, { expiry: { kind: "end_of_month", count: 24 } });
  await put("/rules/base", { currency: CURRENCY, money: "THB", per: "2500", points: "1" });
  const lines = Array.from({ length: members }, (_, i) => {
    const opening = `{"op":"earn","member":"ext:M-${i}","currency":"${CURRENCY}","points":"1000000","source":{"system":"opening","id":"${i}"}}`;
    return `{"op":"enrol","externalId":"M-${i}"}\n${opening}`;
  });
  const answer = await fetch(`${url}${BASE}/commands`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/x-ndjson" },
    body: lines.join("\n"),
  });
  const failed = (await answer.text()).split("\n").find((line) => line.includes('"problem"'));
  if (failed !== undefined) throw new Error(failed);
}
