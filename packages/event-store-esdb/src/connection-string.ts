import { EventStoreDBClient } from "@eventstore/db-client";
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
  const [, options = ""] =
    /^esdb(?:\+discover)?:\/\/[^?]+\??(.*)$/.exec(url) ?? invalid("it begins with esdb://");
  for (const option of options.split("&").filter((text) => text !== "")) checkOption(option);
  try {
    return EventStoreDBClient.connectionString(url);
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
