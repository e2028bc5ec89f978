import { once } from "node:events";
import { chown, copyFile, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type PeerCertificate, TLSSocket } from "node:tls";
import { connectionTarget, openPool, startEmbeddedPostgres } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import type { Environment } from "@taem/runtime";
import { type Authority, type Certificate, createAuthority } from "@taem/testing/certificates";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { hostProgram } from "@taem/testing/program";
import { runTool } from "@taem/testing/program-process";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

let undo: AsyncDisposableStack;
let ours: Authority;
let another: Authority;
let certificate: Certificate;

beforeAll(async () => {
  undo = new AsyncDisposableStack();
  ours = undo.use(await createAuthority("ours"));
  another = undo.use(await createAuthority("another"));
  certificate = await ours.issue("server", ["DNS:localhost", "IP:0.0.0.0"]);
});

afterAll(async () => {
  await undo.disposeAsync();
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe("PostgreSQL", () => {
  let port: string;
  let password: string;

  beforeAll(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "taem-tls-"));
    undo.defer(() => rm(dataDir, { recursive: true, force: true }));
    const { url } = undo.use(await startEmbeddedPostgres({ dataDir }));
    ({ port, password } = new URL(url));
    const { uid, gid } = await stat(join(dataDir, "cluster"));
    for (const [name, file] of [
      ["server.crt", certificate.certFile] as const,
      ["server.key", certificate.keyFile] as const,
    ]) {
      await copyFile(file, join(dataDir, "cluster", name));
      await chown(join(dataDir, "cluster", name), uid, gid);
    }
    await using admin = openPool({ url, max: 1, applicationName: "test" });
    await admin.query("ALTER SYSTEM SET ssl = on");
    await admin.query("SELECT pg_reload_conf()");
    await vi.waitFor(async () => expect((await admin.query("SHOW ssl")).rows).toEqual([{ ssl: "on" }]));
  });

  const toolOn = (host: string, query: string) =>
    runTool(["parked", "list"], {
      DATABASE_URL: `postgres://taem:${password}@${host}:${port}/taem?${query}`,
    });

  test.each(["localhost", "0.0.0.0"])(
    "with a certificate of the authority that is named, %s is reached",
    async (host) => {
      const done = await toolOn(host, `sslmode=verify-full&sslrootcert=${ours.certFile}`);
      expect(done).toEqual({ exitCode: 0, out: "nothing is parked\n", err: "" });
    },
  );

  test("of an authority that is not, it is refused, and so it is at a host that it is not for", async () => {
    for (const [host, authority] of [
      ["localhost", another],
      ["127.0.0.1", ours],
    ] as const) {
      const { exitCode, err } = await toolOn(host, `sslmode=verify-full&sslrootcert=${authority.certFile}`);
      expect([exitCode, err]).toEqual([
        1,
        expect.stringMatching(/^taem: tls_failed: .*PostgreSQL.*sslrootcert/),
      ]);
      expect(err).not.toContain(password);
    }
  });

  test("a server that does not speak TLS is refused", async () => {
    await using database = await createTestDatabase();
    const { exitCode, err } = await runTool(["parked", "list"], {
      DATABASE_URL: `${database.url}?sslmode=verify-full`,
    });
    expect([exitCode, err]).toEqual([1, expect.stringMatching(/^taem: tls_failed: .*does not support SSL/)]);
  });
});

/** What a client that asks for TLS sends first. */
const SSL_REQUEST = 80_877_103;

/** A PostgreSQL whose certificate nobody vouches for. Resolves when somebody has trusted it with who they are, or has not. */
async function openImpostor() {
  const { promise: heard, resolve } = Promise.withResolvers<boolean>();
  const server = createServer((socket) => {
    const listen = (stream: Socket) => {
      stream.on("error", () => resolve(false));
      stream.on("close", () => resolve(false));
      stream.once("data", (bytes: Buffer) => {
        if (stream === socket && bytes.readInt32BE(4) === SSL_REQUEST) {
          socket.write("S");
          listen(new TLSSocket(socket, { isServer: true, cert: certificate.cert, key: certificate.key }));
          return;
        }
        resolve(true);
        socket.destroy();
      });
    };
    listen(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { heard, port: (server.address() as AddressInfo).port, [Symbol.dispose]: () => void server.close() };
}

test.each([
  "",
  "ssl=true",
  "ssl=0",
  "ssl=no-verify",
  ...["disable", "allow", "prefer", "require", "verify-ca", "verify-full", "no-verify", "nonsense"].map(
    (mode) => `sslmode=${mode}`,
  ),
  ...["disable", "prefer", "require", "verify-full"].map((mode) => `uselibpqcompat=true&sslmode=${mode}`),
  "sslmode=verify-full&sslmode=disable",
  "sslmode=verify-full&ssl=0",
])("whether pg with %j makes sure of who answers is known before it connects", async (query) => {
  // Of what its next major version will make of some of them.
  vi.spyOn(process, "emitWarning").mockReturnValue();
  using impostor = await openImpostor();
  const url = `postgres://taem:hunter2@localhost:${impostor.port}/taem?${query}`;
  await using pool = openPool({ url, max: 1, applicationName: "test" });
  await expect(pool.query("SELECT")).rejects.toThrow();
  expect(connectionTarget(url).isVerified).toBe(!(await impostor.heard));
});

describe("EventStoreDB", () => {
  const start = async (environment: Environment) => {
    await using database = await createTestDatabase();
    return await runTool(["parked", "list"], { DATABASE_URL: database.url, ...environment });
  };

  test("with a certificate of the authority that is named it is reached, and of another it is refused", async () => {
    await using server = await TestServer.start({ certificate });
    const at = (authority: Authority) => ({
      EVENTSTORE_URL: `esdb://localhost:${server.port}?tlsCAFile=${encodeURIComponent(authority.certFile)}`,
    });
    expect(await start(at(ours))).toEqual({ exitCode: 0, out: "nothing is parked\n", err: "" });
    const { exitCode, err } = await start(at(another));
    expect([exitCode, err]).toEqual([
      1,
      expect.stringMatching(/^taem: tls_failed: .*EventStoreDB.*tlsCAFile/),
    ]);
  });
});

describe("Kafka", () => {
  /** Takes connections by TLS and answers nothing: what the first one showed of itself, or why there was none. */
  async function openBroker() {
    const { promise, resolve } = Promise.withResolvers<string>();
    const options = {
      cert: certificate.cert,
      key: certificate.key,
      ca: await readFile(ours.certFile),
      requestCert: true,
    };
    const server = createTlsServer({ ...options, rejectUnauthorized: false }, (socket) => {
      const { subject } = socket.getPeerCertificate() as Partial<PeerCertificate>;
      socket.once("data", () => {
        resolve(`${subject?.CN ?? "nobody"}, ${socket.authorized ? "known" : "unknown"}`);
        socket.destroy();
      });
      socket.on("error", () => {});
    }).listen(0, "127.0.0.1");
    server.on("tlsClientError", () => resolve("refused"));
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    return { saw: promise, port, [Symbol.dispose]: () => void server.close() };
  }

  async function ask(host: string, port: number, environment: Environment): Promise<unknown> {
    await using database = await createTestDatabase();
    const settings = { KAFKA_BROKERS: `${host}:${port}`, TAEM_KAFKA_TLS: "true", ...environment };
    const asked = hostProgram(database.url, { services: "ledger", environment: settings });
    return await asked.then(
      () => "started",
      (error: { code: string }) => error.code,
    );
  }

  test("is shown our certificate, by who trusts its authority", async () => {
    const client = await ours.issue("taem");
    using broker = await openBroker();
    const files = { TAEM_KAFKA_CERT: client.certFile, TAEM_KAFKA_KEY: client.keyFile };
    // It says nothing that a broker says: the connection is what there is to see.
    expect(await ask("localhost", broker.port, { TAEM_KAFKA_CA: ours.certFile, ...files })).toBe(
      "kafka_unavailable",
    );
    expect(await broker.saw).toBe("taem, known");
  });

  test.each([
    ["an authority that is not named", "localhost", () => another.certFile],
    ["a host that its certificate is not for", "127.0.0.1", () => ours.certFile],
  ])("with %s it is told nothing", async (_, host, authority) => {
    using broker = await openBroker();
    expect(await ask(host, broker.port, { TAEM_KAFKA_CA: authority() })).toBe("tls_failed");
    expect(await broker.saw).toBe("refused");
  });

  test("a file that is not there is named", async () => {
    expect(await ask("localhost", 1, { TAEM_KAFKA_CA: "/nowhere/ca.pem" })).toBe("tls_file_unreadable");
  });
});
