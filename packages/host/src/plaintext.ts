import { connectionTarget } from "@taem/postgres";
import { isLoopback, type Logger, OperatorError } from "@taem/runtime";
import { type Config, hostOf } from "./config.ts";

/** A server that a process speaks to, by what it is told in `setting`. */
interface Server {
  readonly setting: keyof Config;
  readonly host: string;
  /** Whether what is sent is encrypted, and reaches nobody but who has a certificate for that host. */
  readonly isVerified: boolean;
}

/** What to write where a server is reached in clear. */
const MEND: Partial<Record<keyof Config, string>> = {
  DATABASE_URL: "add sslmode=verify-full to it, and sslrootcert=<file> where its authority is your own",
  TAEM_MIGRATION_URL: "add sslmode=verify-full to it, and sslrootcert=<file> where its authority is your own",
  EVENTSTORE_URL: "take tls=false out of it, and add tlsCAFile=<file> where the authority is your own",
  KAFKA_BROKERS: "set TAEM_KAFKA_TLS=true, and TAEM_KAFKA_CA=<file> where their authority is your own",
  OTEL_EXPORTER_OTLP_ENDPOINT: "have it begin with https://",
};

/**
 * Before anything is sent: throws `plaintext_refused` where a server on another machine is reached without TLS, or with TLS that
 * does not look at who answers, unless the operator allows it.
 */
export async function assertNoPlaintext(config: Config): Promise<void> {
  const [first] = config.TAEM_PLAINTEXT === undefined ? await exposedServers(config) : [];
  if (first !== undefined) throw plaintextRefused(first.setting, first.host);
}

/** Says which those are, where it is allowed. */
export async function warnOfPlaintext(config: Config, logger: Pick<Logger, "warn">): Promise<void> {
  if (config.TAEM_PLAINTEXT === undefined) return;
  const exposed = await exposedServers(config);
  if (exposed.length === 0) return;
  const connections = exposed.map(({ setting, host }) => `${setting} to ${host}`);
  logger.warn({ connections }, "connections to other machines are in clear, as TAEM_PLAINTEXT allows");
}

async function exposedServers(config: Config): Promise<Server[]> {
  const servers = await serversOf(config);
  return servers.filter(({ host, isVerified }) => !isVerified && !isLoopback(host));
}

/** Asked of hosts that servers name beside those of the setting. Undefined where any may be reached. */
export function plaintextGuard(
  config: Pick<Config, "TAEM_PLAINTEXT">,
  setting: "EVENTSTORE_URL" | "KAFKA_BROKERS",
  isVerified: boolean,
): ((host: string) => void) | undefined {
  if (config.TAEM_PLAINTEXT !== undefined || (isVerified && looksAtCertificates())) return undefined;
  return (host) => {
    if (!isLoopback(host)) throw plaintextRefused(setting, host);
  };
}

async function serversOf(config: Config): Promise<Server[]> {
  const { EVENTSTORE_URL, KAFKA_BROKERS = [], OTEL_EXPORTER_OTLP_ENDPOINT: collector } = config;
  const servers: Server[] = [];
  for (const setting of ["DATABASE_URL", "TAEM_MIGRATION_URL"] as const) {
    const url = config[setting];
    if (url !== undefined) servers.push({ setting, ...databaseAt(url, setting) });
  }
  if (EVENTSTORE_URL !== undefined) {
    // Loaded where it is used.
    const { connectionTarget: eventStoreAt } = await import("@taem/event-store-esdb");
    const { hosts, isVerified } = eventStoreAt(EVENTSTORE_URL);
    servers.push(...hosts.map((host) => ({ setting: "EVENTSTORE_URL" as const, host, isVerified })));
  }
  for (const broker of KAFKA_BROKERS)
    servers.push({ setting: "KAFKA_BROKERS", host: hostOf(broker), isVerified: config.TAEM_KAFKA_TLS });
  if (collector !== undefined) {
    const { protocol, hostname } = new URL(collector);
    servers.push({
      setting: "OTEL_EXPORTER_OTLP_ENDPOINT",
      host: hostname,
      isVerified: protocol === "https:",
    });
  }
  return servers.map((server) => ({ ...server, isVerified: server.isVerified && looksAtCertificates() }));
}

function databaseAt(url: string, setting: keyof Config): Omit<Server, "setting"> {
  try {
    return connectionTarget(url);
  } catch (error) {
    throw new OperatorError("tls_file_unreadable", `${setting}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Node's own switch, which every client library here leaves to it. */
function looksAtCertificates(): boolean {
  return process.env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0";
}

function plaintextRefused(setting: keyof Config, host: string): OperatorError {
  const mend = looksAtCertificates() ? MEND[setting] : "unset NODE_TLS_REJECT_UNAUTHORIZED";
  return new OperatorError(
    "plaintext_refused",
    `${setting} reaches ${host} without TLS that makes sure of who answers: ${mend}; or, on networks that are private ` +
      "to these servers, set TAEM_PLAINTEXT=allow",
  );
}
