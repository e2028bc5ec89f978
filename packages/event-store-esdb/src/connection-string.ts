import { EventStoreDBClient } from "@eventstore/db-client";
import { parseConnectionString } from "@eventstore/db-client/dist/Client/parseConnectionString.js";
import { EsdbError } from "./failures.ts";

/** Option names as the client compares them: without case, hyphen or underscore. */
const OPTIONS = new Set([
  "connectionname",
  "defaultdeadline",
  "discoveryinterval",
  "gossiptimeout",
  "keepaliveinterval",
  "keepalivetimeout",
  "maxdiscoverattempts",
  "nodepreference",
  "tls",
  "tlscafile",
  "usercertfile",
  "userkeyfile",
]);

const LEAST_KEEP_ALIVE_MS = 10_000;

/**
 * A client for an `esdb://` connection string. What the client would only warn of is refused: its warnings and its
 * errors quote the connection string, credentials and all.
 */
export function openClient(url: string): EventStoreDBClient {
  return read(url, () => EventStoreDBClient.connectionString(url));
}

/** Where a connection string leads. */
export interface ConnectionTarget {
  /** Those that it names. What the servers name beside them, as nodes of their cluster, is reached in the same way. */
  readonly hosts: readonly string[];
  /** Whether the client encrypts, and has the servers show a certificate that it trusts: one does not go without the other. */
  readonly isVerified: boolean;
}

/** As the client itself takes it. Throws `event_store_url_invalid`. */
export function connectionTarget(url: string): ConnectionTarget {
  const { hosts, tls } = read(url, () => parseConnectionString(url));
  return { hosts: hosts.map(({ address }) => address), isVerified: tls !== false };
}

function read<T>(url: string, reader: () => T): T {
  const [, options = ""] =
    /^esdb(?:\+discover)?:\/\/[^?]+\??(.*)$/.exec(url) ?? invalid("it begins with esdb://");
  for (const option of options.split("&").filter((text) => text !== "")) checkOption(option);
  try {
    return reader();
  } catch (error) {
    if (error instanceof Error && !("connectionString" in error)) throw invalid(error.message);
    throw invalid("esdb://user:password@host:port?tls=true, what is special in it percent-encoded");
  }
}

function checkOption(option: string): void {
  const [name = "", value] = option.split("=");
  const key = name.toLowerCase().replace(/[_-]/g, "");
  if (key === "throwonappendfailure" || key === "tlsverifycert") {
    if (value === "true") return;
    throw invalid(`${key} can only be true`);
  }
  if (!OPTIONS.has(key)) throw invalid(`an option is none of ${[...OPTIONS].join(", ")}`);
  if (key === "keepaliveinterval" && !(Number(value) >= LEAST_KEEP_ALIVE_MS)) {
    throw invalid(`keepAliveInterval is ${LEAST_KEEP_ALIVE_MS} milliseconds or more`);
  }
}

function invalid(rule: string): never {
  throw new EsdbError("event_store_url_invalid", `the event store's connection string is not valid: ${rule}`);
}
